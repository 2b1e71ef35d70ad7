package dev.nocturne.ingest.lag;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The lag reports of the last hour, in little room. Thread-safe. */
public final class LagHistory {

    private static final Duration SPAN = Duration.ofHours(1);

    private record Sample(Instant measuredAt, Map<String, Point> points) {}

    private record Point(Long lag, Double lagSeconds) {}

    /**
     * As the API tells it: a list for each quantity, a place in it for each measurement.
     *
     * @param measuredAt the oldest first; no measurement failed that is in it
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record View(List<Instant> measuredAt, List<Stage> stages) {}

    /**
     * @param lag null where it was not known
     * @param lagSeconds null where it was not known
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Stage(String stage, List<Long> lag, List<Double> lagSeconds) {}

    private final Deque<Sample> samples = new ArrayDeque<>(); // guarded by this

    LagHistory() {}

    synchronized void add(LagReport report) {
        Map<String, Point> points = new LinkedHashMap<>();
        report.stages()
                .forEach(
                        stage ->
                                points.put(
                                        stage.stage(), new Point(stage.lag(), stage.lagSeconds())));
        samples.add(new Sample(report.measuredAt(), points));
        Instant oldest = report.measuredAt().minus(SPAN);
        while (samples.getFirst().measuredAt().isBefore(oldest)) {
            samples.removeFirst();
        }
    }

    synchronized View view() {
        List<Stage> stages = new ArrayList<>();
        if (!samples.isEmpty()) {
            samples.getLast().points().keySet().forEach(name -> stages.add(stage(name)));
        }
        return new View(samples.stream().map(Sample::measuredAt).toList(), stages);
    }

    private Stage stage(String name) {
        Stage stage = new Stage(name, new ArrayList<>(), new ArrayList<>());
        for (Sample sample : samples) {
            Point point = sample.points().get(name);
            stage.lag().add(point == null ? null : point.lag());
            stage.lagSeconds().add(point == null ? null : point.lagSeconds());
        }
        return stage;
    }
}
