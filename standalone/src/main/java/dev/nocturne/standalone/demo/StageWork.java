package dev.nocturne.standalone.demo;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * How long the stages have worked, by their own meters.
 *
 * @param seconds by stage, in the order in which a caption passes through them
 */
record StageWork(Map<String, Double> seconds) {
    private static final List<String> STAGES =
            List.of("encoder", "generator", "scorer", "publisher");

    /**
     * @param captionsPerSecond that the stage can do: those of its working time
     * @param busyShare of the whole time that it worked
     */
    record Rate(String stage, double captionsPerSecond, double busyShare) {}

    static StageWork of(MeterRegistry meters) {
        Map<String, Double> seconds = new LinkedHashMap<>();
        for (String stage : STAGES) {
            Timer work = meters.get("nocturne.stage.batch").tag("stage", stage).timer();
            seconds.put(stage, work.totalTime(TimeUnit.SECONDS));
        }
        return new StageWork(seconds);
    }

    StageWork since(StageWork before) {
        Map<String, Double> meanwhile = new LinkedHashMap<>(seconds);
        before.seconds.forEach((stage, work) -> meanwhile.merge(stage, -work, Double::sum));
        return new StageWork(meanwhile);
    }

    /**
     * @param captions that went through every stage
     * @param elapsedSeconds meanwhile
     */
    List<Rate> rates(int captions, double elapsedSeconds) {
        return seconds.entrySet().stream()
                .map(
                        work ->
                                new Rate(
                                        work.getKey(),
                                        captions / work.getValue(),
                                        work.getValue() / elapsedSeconds))
                .toList();
    }
}
