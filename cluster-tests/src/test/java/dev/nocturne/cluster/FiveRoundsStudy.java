package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What five rounds of {@code -Dtest.captions} (20,000) single captions leave behind, if jobs and
 * the log are kept for a minute, the shortest there is: the broker's data folder, the bucket and
 * the heap of ingest-service are at most a fifth larger after the last round than after the second.
 * A round is measured when its pictures have left the bucket and {@code -Dtest.settleSeconds} (420)
 * more have passed: brokers look every five minutes for files that may go, and delete them a minute
 * later. Run by its name alone, see docs/reliability.md.
 */
class FiveRoundsStudy {
    private static final int CAPTIONS = Integer.getInteger("test.captions", 20_000);
    private static final Duration SETTLE =
            Duration.ofSeconds(Integer.getInteger("test.settleSeconds", 420));
    private static final int ROUNDS = 5;
    private static final double GROWTH = 1.2;
    private static final int CANDIDATES = 4;
    private static final int TOP = 1;
    private static final Duration PATIENCE = Duration.ofHours(6);

    @TempDir Path folder;

    private record Left(long brokerBytes, long objects, long objectBytes, long heapBytes) {}

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void nothingGrowsFromRoundToRound() throws Exception {
        Map<String, String> keptForAMinute =
                Map.of("NOCTURNE_JOB_RETENTION", "1m", "NOCTURNE_LOG_RETENTION", "1m");
        try (Night night = Night.withStandIn(folder, keptForAMinute);
                SingleCaptions singles = new SingleCaptions(night, CANDIDATES, TOP)) {
            Path bucket = night.cluster().bucketFolder();
            List<Left> rounds = new ArrayList<>();
            for (int round = 1; round <= ROUNDS; round++) {
                long start = System.nanoTime();
                singles.publish(CAPTIONS);
                singles.awaitResults(PATIENCE);
                double seconds = (System.nanoTime() - start) / 1e9;
                await("the pictures of the round are gone")
                        .atMost(PATIENCE)
                        .pollInterval(Duration.ofSeconds(1))
                        .ignoreExceptionsInstanceOf(UncheckedIOException.class) // gone meanwhile
                        .until(() -> SingleCaptions.files(bucket.resolve("jobs")).isEmpty());
                night.passes(SETTLE);
                Left left = left(night);
                rounds.add(left);
                System.out.printf(
                        "round %d: %,d captions in %.0f s, %.1f a second; left: %s%n",
                        round, CAPTIONS, seconds, CAPTIONS / seconds, left);
            }
            Left second = rounds.get(1);
            Left last = rounds.get(ROUNDS - 1);
            assertThat(last.brokerBytes).isLessThanOrEqualTo(most(second.brokerBytes));
            assertThat(last.objects).isLessThanOrEqualTo(most(second.objects));
            assertThat(last.objectBytes).isLessThanOrEqualTo(most(second.objectBytes));
            assertThat(last.heapBytes).isLessThanOrEqualTo(most(second.heapBytes));
        }
    }

    private static long most(long second) {
        return (long) (GROWTH * second);
    }

    private static Left left(Night night) throws IOException, InterruptedException {
        List<Path> objects = SingleCaptions.files(night.cluster().bucketFolder());
        return new Left(
                diskBytes(night.cluster().broker().folder()),
                objects.size(),
                objects.stream().mapToLong(object -> object.toFile().length()).sum(),
                night.cluster().service(Night.INGEST).memory().orElseThrow().heapBytes());
    }

    /** What the files take, not how long they are: those of Kafka's indexes have holes. */
    private static long diskBytes(Path folder) throws IOException, InterruptedException {
        Process du = new ProcessBuilder("du", "-sk", folder.toString()).start();
        String output = new String(du.getInputStream().readAllBytes());
        assertThat(du.waitFor()).isZero();
        return Long.parseLong(output.split("\\s", 2)[0]) << 10;
    }
}
