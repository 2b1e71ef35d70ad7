package dev.nocturne.ingest.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.JobSubmitted;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.job.OpenWork;
import dev.nocturne.ingest.lag.LagMetrics;
import dev.nocturne.ingest.lag.LagMonitor;
import dev.nocturne.ingest.lag.PipelineStage;
import dev.nocturne.ingest.result.PartialImage;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.PictureFormat;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChangeFeedTest {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private record Sent(String event, Object data) {}

    private static final class Subscriber implements ChangeFeed.Subscriber {
        final List<Sent> sent = new CopyOnWriteArrayList<>();
        volatile boolean open = true;
        volatile boolean ready = true;

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void send(String event, Object data) {
            sent.add(new Sent(event, data));
        }

        @Override
        public void close() {
            open = false;
        }

        /** Without what all jobs together have left. */
        private List<Sent> ofJobs() {
            return sent.stream().filter(message -> !message.event().equals("work")).toList();
        }

        List<String> events() {
            return ofJobs().stream().map(Sent::event).toList();
        }

        OpenWork lastWork() {
            return (OpenWork)
                    sent.stream()
                            .filter(message -> message.event().equals("work"))
                            .reduce((first, second) -> second)
                            .orElseThrow()
                            .data();
        }

        /** Ids of the jobs in a message. */
        List<String> jobs(int i) {
            Object data = ofJobs().get(i).data();
            List<?> jobs = data instanceof ChangeFeed.Snapshot s ? s.jobs() : (List<?>) data;
            return jobs.stream().map(job -> ((Job) job).id()).toList();
        }
    }

    private final class TestClock extends Clock {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    private final JobTable jobs = new JobTable(Clock.systemUTC());
    private final LagMonitor lag =
            new LagMonitor(
                    new KafkaSettings("localhost:1", Map.of()),
                    PipelineStage.ALL,
                    new LagMetrics(new SimpleMeterRegistry()),
                    Clock.systemUTC());
    private volatile String outage;
    private volatile Instant now = Instant.now();
    private final ChangeFeed feed = new ChangeFeed(jobs, lag, () -> outage, new TestClock());
    private final Subscriber subscriber = new Subscriber();

    @AfterEach
    void close() {
        feed.close();
        lag.close();
    }

    private void submit(String id) {
        jobs.add(new JobSubmitted(id, 3, Instant.now(), null));
        feed.changed(id);
    }

    private void start() {
        feed.add(subscriber);
        feed.start();
        awaitMessages(1);
    }

    private void awaitMessages(int count) {
        await().atMost(PATIENCE).until(() -> subscriber.events().size() >= count);
    }

    @Test
    void aSubscriberBeginsWithASnapshotAndIsToldOfAJobOnceHoweverOftenItChanged() {
        submit("job-old");
        start();

        submit("job-new");
        change("job-new");
        awaitMessages(2);

        assertThat(subscriber.events()).startsWith("snapshot", "jobs");
        assertThat(subscriber.jobs(0)).containsExactly("job-old");
        assertThat(subscriber.jobs(1)).containsExactly("job-new");
    }

    @Test
    void whatAllJobsHaveLeftIsToldWithTheSnapshotAndWhenItChanges() {
        submit("job-old");
        start();
        assertThat(((ChangeFeed.Snapshot) subscriber.sent.get(0).data()).work())
                .isEqualTo(new OpenWork(1, 3, null));

        submit("job-new");

        await().atMost(PATIENCE).until(() -> subscriber.sent.size() >= 3);
        assertThat(subscriber.lastWork()).isEqualTo(new OpenWork(2, 6, null));
    }

    private void change(String id) {
        for (int i = 0; i < 10_000; i++) {
            feed.changed(id);
        }
    }

    @Test
    void manyChangesComeInSeveralMessagesAndNoneIsLost() {
        start();
        Set<String> all = new HashSet<>();
        for (int i = 0; i < 250; i++) {
            submit("job-" + i);
            all.add("job-" + i);
        }

        Set<String> told = new HashSet<>();
        await().atMost(PATIENCE)
                .until(
                        () -> {
                            for (int i = 1; i < subscriber.events().size(); i++) {
                                assertThat(subscriber.jobs(i)).hasSizeLessThanOrEqualTo(100);
                                told.addAll(subscriber.jobs(i));
                            }
                            return told.equals(all);
                        });
    }

    @Test
    void ofARequestThatIsDrawnTheLatestPartialImageIsTold() {
        start();
        for (int index = 0; index < 3; index++) {
            feed.partial(partial("a", index));
        }
        feed.partial(partial("b", 0));
        await().atMost(PATIENCE).until(() -> subscriber.events().contains("partial-images"));

        List<Object> told =
                subscriber.sent.stream()
                        .filter(sent -> sent.event().equals("partial-images"))
                        .<Object>flatMap(sent -> ((List<?>) sent.data()).stream())
                        .toList();
        assertThat(told)
                .contains(
                        new ChangeFeed.Partial("job-1", "a", "an apple", 2),
                        new ChangeFeed.Partial("job-1", "b", "an apple", 0));
    }

    private static PartialImage partial(String request, int index) {
        return new PartialImage(
                "job-1", request, "an apple", index, 7, 64, 64, PictureFormat.PNG, new byte[1]);
    }

    @Test
    void aFloodOfChangesBecomesASnapshot() {
        start();
        for (int i = 0; i < 3_000; i++) {
            submit("job-" + i);
        }

        await().atMost(PATIENCE)
                .until(() -> subscriber.events().stream().filter("snapshot"::equals).count() == 2);
    }

    @Test
    void aSlowSubscriberGetsASnapshotInPlaceOfWhatItMissed() {
        start();
        subscriber.ready = false;
        Subscriber witness = new Subscriber();
        feed.add(witness);
        submit("job-1");
        await().atMost(PATIENCE).until(() -> !witness.sent.isEmpty());
        assertThat(subscriber.events()).containsExactly("snapshot");

        subscriber.ready = true;
        awaitMessages(2);

        assertThat(subscriber.events()).containsExactly("snapshot", "snapshot");
        assertThat(subscriber.jobs(1)).containsExactly("job-1");
    }

    @Test
    void anOutageIsToldToEverybodyAndAgainNowAndThenAndASnapshotFollowsIt() {
        outage = "reading the log";
        start();
        Subscriber late = new Subscriber();
        feed.add(late);
        await().atMost(PATIENCE).until(() -> !late.sent.isEmpty());
        assertThat(subscriber.events()).containsExactly("unavailable");

        now = now.plusSeconds(20);
        awaitMessages(2);
        outage = null;
        awaitMessages(3);

        assertThat(subscriber.events()).containsExactly("unavailable", "unavailable", "snapshot");
        assertThat(late.events()).startsWith("unavailable");
    }

    @Test
    void whoeverIsGoneIsForgottenAndTheOthersAreClosedAtTheEnd() {
        start();
        Subscriber gone = new Subscriber();
        gone.open = false;
        feed.add(gone);
        submit("job-1");
        awaitMessages(2);
        assertThat(gone.sent).isEmpty();

        feed.close();

        assertThat(subscriber.open).isFalse();
    }
}
