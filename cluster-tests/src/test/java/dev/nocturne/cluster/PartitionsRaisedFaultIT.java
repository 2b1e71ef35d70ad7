package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In the middle of a job, some of whose captions are at every stage; and the next job. */
@Tag("faults")
class PartitionsRaisedFaultIT {
    private static final int CAPTIONS = 3_000;
    private static final int NEXT = 300;
    private static final int RAISED = 24;

    /** New partitions, by every client. */
    private static final Duration NOTICED = Duration.ofSeconds(30);

    private static final Duration PATIENCE = Duration.ofMinutes(10);

    @TempDir Path folder;

    @Test
    void nothingIsLostOrDoubled() throws Exception {
        try (Night night = Night.withStandIn(folder, Map.of());
                JobRun job = night.submit("", CAPTIONS)) {
            job.awaitEnded(CAPTIONS / 20);
            long start = System.nanoTime();
            raise(night);
            Duration progress = job.awaitProgress(start);
            raise(night);
            job.awaitEnd(PATIENCE);
            night.passes(NOTICED);
            try (JobRun next = night.submit("", NEXT)) {
                next.awaitEnd(PATIENCE);
                night.awaitHealthy();
                System.out.printf(
                        "%,d captions, partitions raised from %d to %d: another ended after %.1f s, longest wait %.1f s, %d services restarted%n",
                        CAPTIONS,
                        Topics.PARTITIONS,
                        RAISED,
                        progress.toMillis() / 1e3,
                        job.longestWait().toMillis() / 1e3,
                        night.restarts());
                List<ConsumerRecord<byte[], byte[]>> scored =
                        TopicReader.records(night.kafka(), Topics.SCORED_GRIDS);
                assertThat(scored.stream().filter(record -> record.value() == null))
                        .as("marks of requests that are sent again")
                        .isEmpty();
                assertThat(
                                scored.stream()
                                        .filter(record -> record.partition() >= Topics.PARTITIONS))
                        .as("what came by the new partitions")
                        .isNotEmpty();
                List<String> letters = DeadLetterTopic.reasons(night.kafka());
                assertThat(Invariants.violations(job.evidence(letters, List.of()))).isEmpty();
                assertThat(Invariants.violations(next.evidence(letters, List.of()))).isEmpty();
            }
        }
    }

    /** As whoever is told that a broker is busy: until it is done. */
    private void raise(Night night) {
        await("partitions are raised").atMost(PATIENCE).until(() -> nocturneTopics(night) == 0);
    }

    private int nocturneTopics(Night night) throws Exception {
        return new ProcessBuilder(
                        "../nocturne",
                        "topics",
                        "--raise",
                        Integer.toString(RAISED),
                        "--bootstrap-servers",
                        night.kafka().bootstrapServers())
                .redirectOutput(folder.resolve("topics.txt").toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start()
                .waitFor();
    }
}
