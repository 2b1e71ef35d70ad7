package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class SurplusWatchTest {

    private static final List<TopicPartition> NONE = List.of();
    private static final List<TopicPartition> BULK =
            List.of(new TopicPartition(Topics.CAPTIONS.name(), 3));
    private static final List<TopicPartition> INTERACTIVE =
            List.of(new TopicPartition(Topics.CAPTIONS.in(Lane.INTERACTIVE).name(), 3));

    private long nanos;
    private final SurplusWatch watch =
            new SurplusWatch(new EchoStage(Topics.CAPTIONS, Topics.CAPTIONS), () -> nanos);

    @Test
    void whoHasNothingForAWhileIsOneTooManyAndSaysItOnce() {
        assertThat(watch.look(NONE)).isFalse();
        passes(29);
        assertThat(watch.look(NONE)).as("partitions are on their way").isFalse();
        passes(2);
        assertThat(watch.look(NONE)).isTrue();
        passes(100);
        assertThat(watch.look(NONE)).isFalse();
    }

    @Test
    void aPartitionOfTheInteractiveLaneAloneIsNotWorkForAJob() {
        passes(31);
        assertThat(watch.look(INTERACTIVE)).isTrue();
    }

    @Test
    void whoGetsAPartitionIsNoneAndMayBeOneAgain() {
        passes(31);
        assertThat(watch.look(BULK)).isFalse();
        passes(31);
        assertThat(watch.look(NONE)).isTrue();
        assertThat(watch.look(BULK)).isFalse();
        passes(31);
        assertThat(watch.look(NONE)).isTrue();
    }

    private void passes(long seconds) {
        nanos += Duration.ofSeconds(seconds).toNanos();
    }
}
