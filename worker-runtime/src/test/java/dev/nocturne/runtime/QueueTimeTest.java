package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class QueueTimeTest {

    private final MockClock clock = new MockClock();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
    private final QueueTime queue = new QueueTime(meters, "generator", Topics.GENERATION_TASKS);

    @Test
    void everyWaitIsInTheBucketsAboveIt() {
        queue.ended(Lane.BULK, clock.wallTime() - 100);
        queue.ended(Lane.BULK, clock.wallTime() - 59_000);
        queue.ended(Lane.BULK, clock.wallTime() - Duration.ofHours(9).toMillis());

        Timer waits = waits("bulk");
        assertThat(waits.takeSnapshot().histogramCounts())
                .extracting(bucket -> bucket.bucket(TimeUnit.MILLISECONDS))
                .containsExactly(100.0, 1e3, 1e4, 6e4, 6e5, 36e5);
        assertThat(waits.takeSnapshot().histogramCounts())
                .extracting(CountAtBucket::count)
                .containsExactly(1.0, 1.0, 1.0, 2.0, 2.0, 2.0);
    }

    @Test
    void aRecordFromAClockThatIsAheadHasNotWaited() {
        queue.ended(Lane.INTERACTIVE, clock.wallTime() + 5_000);

        assertThat(waits("interactive").count()).isOne();
        assertThat(waits("interactive").totalTime(TimeUnit.MILLISECONDS)).isZero();
    }

    @Test
    void aRecordWithoutATimestampTellsNothing() {
        queue.ended(Lane.BULK, ConsumerRecord.NO_TIMESTAMP);

        assertThat(waits("bulk").count()).isZero();
    }

    @Test
    void aTopicWithoutLanesHasOneHistogram() {
        new QueueTime(meters, "json-captions", Topics.CAPTIONS_JSON);

        assertThat(meters.find("nocturne.stage.queue").tag("stage", "json-captions").timers())
                .extracting(timer -> timer.getId().getTag("lane"))
                .isEqualTo(Arrays.asList("bulk"));
    }

    private Timer waits(String lane) {
        return meters.get("nocturne.stage.queue").tag("lane", lane).timer();
    }
}
