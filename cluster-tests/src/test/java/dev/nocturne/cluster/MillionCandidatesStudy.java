package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A million candidates, of {@code -Dtest.captions} (62,500) captions of 16, through all services as
 * processes, while each of them is killed every {@code -Dtest.killSeconds} (300), see {@link
 * Killings}. A tenth of the captions come by themselves over Kafka, the others in jobs, three of
 * which run at a time. Nothing may be lost or doubled, and in the second half of the time until the
 * last job is there no process may grow by 5 %, neither its resident memory nor its heap after a
 * collection. Afterwards less and less goes on, and what is closed at once is more. Run by its name
 * alone, see docs/reliability.md.
 */
class MillionCandidatesStudy {
    private static final int CAPTIONS = Integer.getInteger("test.captions", 62_500);
    private static final Duration KILL_PERIOD =
            Duration.ofSeconds(Integer.getInteger("test.killSeconds", 300));
    private static final int JOBS = 27;
    private static final int AT_A_TIME = 3;

    /** A share. */
    private static final double GROWTH = 0.05;

    private static final Duration PATIENCE = Duration.ofHours(12);

    @TempDir Path folder;

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void nothingIsLostOrDoubledAndNothingGrows() throws Exception {
        List<JobRun> jobs = new ArrayList<>();
        try (Night night = Night.withStandIn(folder, Map.of());
                SingleCaptions singles = new SingleCaptions(night, Night.CANDIDATES, Night.TOP);
                Killings killings = new Killings(night, KILL_PERIOD)) {
            Deque<JobRun> running = new ArrayDeque<>();
            for (int i = 0; i < JOBS; i++) {
                if (running.size() == AT_A_TIME) {
                    running.remove().awaitEnd(PATIENCE);
                }
                singles.publish(part(CAPTIONS / 10, i));
                JobRun job = night.submitPatiently("job-" + i, part(CAPTIONS - CAPTIONS / 10, i));
                jobs.add(job);
                running.add(job);
            }
            double even = killings.seconds();
            running.forEach(job -> job.awaitEnd(PATIENCE));
            singles.awaitResults(PATIENCE);
            double seconds = killings.seconds();
            killings.stop();
            night.awaitHealthy();
            System.out.printf(
                    "%,d captions in %.0f s: %.1f a second; %d services killed%n",
                    CAPTIONS, seconds, CAPTIONS / seconds, killings.killed());
            List<String> grown = killings.grownBy(GROWTH, even / 2, even);

            List<String> violations =
                    new ArrayList<>(
                            singles.violations(
                                    jobs.stream().map(JobRun::id).collect(Collectors.toSet())));
            List<String> letters = DeadLetterTopic.reasons(night.kafka());
            for (JobRun job : jobs) {
                violations.addAll(Invariants.violations(job.evidence(letters, List.of())));
            }
            System.out.printf(
                    "%d violations: %s; %d results of single captions came again%n",
                    violations.size(), violations, singles.repeated());
            assertThat(violations).isEmpty();
            assertThat(night.restarts()).as("nothing else died").isEqualTo(killings.killed());
            assertThat(grown).as("grew by more than %.0f %%", 100 * GROWTH).isEmpty();
        } finally {
            for (JobRun job : jobs) {
                job.close();
            }
        }
    }

    /** The sizes of all parts are equal, or one caption apart. */
    private static int part(int captions, int number) {
        return captions * (number + 1) / JOBS - captions * number / JOBS;
    }
}
