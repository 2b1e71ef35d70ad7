package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.runtime.Batch.Processed;
import dev.nocturne.schemas.Lane;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class BatchTest {
    private static final TopicPartition FIRST = new TopicPartition("captions", 0);
    private static final TopicPartition SECOND = new TopicPartition("captions", 1);

    @Test
    void joinedOnesAreCommittedAsOneUpToTheLastRecord() {
        Batch<CaptionSubmitted> joined =
                worked(input(FIRST, 4), input(SECOND, 7)).joined(worked(input(FIRST, 5)));
        assertThat(joined.offsets(Map.of()))
                .hasSize(2)
                .hasEntrySatisfying(FIRST, to -> assertThat(to.offset()).isEqualTo(6))
                .hasEntrySatisfying(SECOND, to -> assertThat(to.offset()).isEqualTo(8));
        assertThat(joined.outcome()).hasSize(3);
        assertThat(joined.workTime()).isEqualTo(Duration.ofMillis(20));
    }

    /** It may have come back meanwhile, with the same records, for the next one. */
    @Test
    void oneOfWhichAPartitionWasRevokedIsNotJoined() {
        Batch<CaptionSubmitted> batch = worked(input(FIRST, 4), input(SECOND, 7));
        assertThat(batch.canBeJoined()).isTrue();
        batch.revoke(List.of(SECOND));
        assertThat(batch.canBeJoined()).isFalse();
        assertThat(batch.offsets(Map.of())).containsOnlyKeys(FIRST);
    }

    @Test
    void oneWhoseCommitWasTriedIsNotJoined() {
        Batch<CaptionSubmitted> batch = worked(input(FIRST, 4));
        batch.offsets(Map.of());
        assertThat(batch.canBeJoined()).isFalse();
    }

    @Test
    void aPartitionThatIsRevokedLaterIsNoLongerCommitted() {
        Batch<CaptionSubmitted> joined = worked(input(FIRST, 4)).joined(worked(input(SECOND, 7)));
        joined.revoke(List.of(FIRST));
        assertThat(joined.offsets(Map.of())).containsOnlyKeys(SECOND);
        joined.revoke(List.of(SECOND));
        assertThat(joined.keepGoing()).isFalse();
    }

    @SafeVarargs
    private static Batch<CaptionSubmitted> worked(Input<CaptionSubmitted>... inputs) {
        Batch<CaptionSubmitted> batch = new Batch<>(List.of(inputs), Backoff.DEFAULT);
        batch.begin(
                CompletableFuture.completedFuture(
                        List.of(inputs).stream()
                                .map(input -> new Processed<>(input, List.of(), Optional.empty()))
                                .toList()));
        batch.workedFor(Duration.ofMillis(10));
        return batch;
    }

    private static Input<CaptionSubmitted> input(TopicPartition partition, long offset) {
        return new Input<>(
                new ConsumerRecord<>(
                        partition.topic(), partition.partition(), offset, new byte[0], new byte[0]),
                Lane.BULK,
                null,
                null,
                null,
                0);
    }
}
