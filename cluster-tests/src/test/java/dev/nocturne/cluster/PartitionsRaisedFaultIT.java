package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Captions are published before and after, and some are at every stage meanwhile. */
@Tag("faults")
class PartitionsRaisedFaultIT {
    private static final int CAPTIONS = 3_000;
    private static final int RAISED = 24;
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    @TempDir Path folder;

    @Test
    void nothingIsLostOrDoubled() throws Exception {
        try (Night night = Night.withStandIn(folder, Map.of());
                JobRun job = night.submit("", CAPTIONS)) {
            job.awaitEnded(CAPTIONS / 20);
            assertThat(raise(night)).isZero();
            long start = System.nanoTime();
            Duration progress = job.awaitProgress(start);
            assertThat(raise(night)).as("twice is once").isZero();
            job.awaitEnd(PATIENCE);
            night.awaitHealthy();
            System.out.printf(
                    "%,d captions, partitions raised from %d to %d: another ended after %.1f s, longest wait %.1f s, %d services restarted%n",
                    CAPTIONS,
                    Topics.PARTITIONS,
                    RAISED,
                    progress.toMillis() / 1e3,
                    job.longestWait().toMillis() / 1e3,
                    night.restarts());
            assertThat(TopicReader.records(night.kafka(), Topics.SCORED_GRIDS))
                    .as("nothing was lost, and so sent again")
                    .noneMatch(record -> record.value() == null)
                    .as("some came by the new partitions")
                    .anyMatch(record -> record.partition() >= Topics.PARTITIONS);
            assertThat(
                            Invariants.violations(
                                    job.evidence(
                                            DeadLetterTopic.reasons(night.kafka()), List.of())))
                    .isEmpty();
        }
    }

    private int raise(Night night) throws Exception {
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
