package dev.nocturne.runtime;

import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topic;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * How long records wait before a stage begins with them, as a histogram for each lane: from a
 * record's timestamp to the clock of the registry. Where that clock is behind, a record has not
 * waited.
 */
public final class QueueTime {

    /** From what a person notices to what nobody waits for. */
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(100),
        Duration.ofSeconds(1),
        Duration.ofSeconds(10),
        Duration.ofMinutes(1),
        Duration.ofMinutes(10),
        Duration.ofHours(1)
    };

    private final Clock clock;
    private final Map<Lane, Timer> timers = new EnumMap<>(Lane.class);

    /**
     * @param input what the stage reads, in each of its lanes
     */
    public QueueTime(MeterRegistry meters, String stage, Topic<?> input) {
        clock = meters.config().clock();
        for (Topic<?> topic : input.lanes()) {
            Lane lane = input.lane(topic.name());
            timers.put(
                    lane,
                    Timer.builder("nocturne.stage.queue")
                            .description("wait of a record before its work")
                            .tag("stage", stage)
                            .tag("lane", lane.name().toLowerCase(Locale.ROOT))
                            .serviceLevelObjectives(BUCKETS)
                            .register(meters));
        }
    }

    /**
     * Work on a record begins.
     *
     * @param lane one of the input's
     * @param timestampMillis the record's; {@link ConsumerRecord#NO_TIMESTAMP} tells nothing
     */
    public void ended(Lane lane, long timestampMillis) {
        if (timestampMillis != ConsumerRecord.NO_TIMESTAMP) {
            long millis = Math.max(0, clock.wallTime() - timestampMillis);
            timers.get(lane).record(millis, TimeUnit.MILLISECONDS);
        }
    }
}
