package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.cluster.JobEvidence.Expected;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/** A job while it runs: looks at it all the time, and gathers what is left when it is over. */
final class JobRun implements AutoCloseable {
    private static final Set<String> TERMINAL =
            Set.of("completed", "failed", "expired", "cancelled");
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Night night;
    private final String id;
    private final Map<String, Expected> expected;
    private final long lookMillis;
    private final List<JsonNode> looks = new CopyOnWriteArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread looking = new Thread(this::look, "looks");

    // written by the looking thread
    private volatile long lastEndNanos = System.nanoTime();
    private volatile long longestWaitNanos;

    /**
     * @param look time between two looks
     */
    JobRun(Night night, String id, Map<String, Expected> expected, Duration look) {
        this.night = night;
        this.id = id;
        this.expected = expected;
        this.lookMillis = look.toMillis();
        looking.setDaemon(true);
        looking.start();
    }

    String id() {
        return id;
    }

    private void look() {
        int ended = 0;
        try {
            while (!closed.await(lookMillis, TimeUnit.MILLISECONDS)) {
                JsonNode look = night.get("jobs/" + id);
                if (look == null) {
                    continue; // nobody answers at the moment
                }
                looks.add(look);
                int now = ended(look);
                if (now > ended) {
                    ended = now;
                    long nanos = System.nanoTime();
                    longestWaitNanos = Math.max(longestWaitNanos, nanos - lastEndNanos);
                    lastEndNanos = nanos;
                }
                if (TERMINAL.contains(look.path("status").asText())) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int ended(JsonNode look) {
        JsonNode counts = look.path("counts");
        return counts.path("total").asInt() - counts.path("in_progress").asInt();
    }

    /** Waits until so many requests have ended, and makes sure that some have not. */
    void awaitEnded(int requests) {
        await("%d requests of %s have ended".formatted(requests, id))
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !looks.isEmpty() && ended(last()) >= requests);
        assertThat(ended(last())).as("ended before the fault").isLessThan(expected.size());
    }

    /**
     * Waits until another request ends.
     *
     * @param sinceNanos when the fault began
     * @return how long that was after the fault had begun
     */
    Duration awaitProgress(long sinceNanos) {
        int before = ended(last());
        await("another request of %s ends".formatted(id))
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> ended(last()) > before || ended(last()) == expected.size());
        return Duration.ofNanos(System.nanoTime() - sinceNanos);
    }

    void awaitEnd(Duration atMost) {
        try {
            await("job " + id + " ends")
                    .atMost(atMost)
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> TERMINAL.contains(last().path("status").asText()));
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(
                    "job %s goes on: %s; not ready: %s".formatted(id, last(), night.unhealthy()),
                    e);
        }
    }

    boolean isOver() {
        return !looks.isEmpty() && TERMINAL.contains(last().path("status").asText());
    }

    JsonNode last() {
        return looks.get(looks.size() - 1);
    }

    /** The longest time in which no request ended. */
    Duration longestWait() {
        return Duration.ofNanos(longestWaitNanos);
    }

    JobEvidence evidence(List<String> deadLetters, List<String> expectedDeadLetters) {
        List<RequestFinished> results =
                TopicReader.records(night.kafka(), Topics.RESULTS).stream()
                        .flatMap(record -> result(record.value()).stream())
                        .filter(result -> result.getRequest().getJobId().equals(id))
                        .toList();
        List<JsonNode> resultLines =
                TopicReader.records(night.kafka(), Topics.RESULTS_JSON).stream()
                        .flatMap(record -> resultLine(record.value()).stream())
                        .filter(line -> line.path("job_id").asText().equals(id))
                        .toList();
        return new JobEvidence(
                id,
                expected,
                List.copyOf(looks),
                objects(),
                results,
                resultLines,
                deadLetters,
                expectedDeadLetters,
                night.unhealthy());
    }

    private static Optional<RequestFinished> result(byte[] value) {
        try {
            return Optional.of(EventCodec.decode(RequestFinished.class, value));
        } catch (MalformedEventException e) {
            return Optional.empty(); // somebody else's
        }
    }

    private static Optional<JsonNode> resultLine(byte[] value) {
        try {
            return Optional.of(JSON.readTree(value));
        } catch (IOException e) {
            return Optional.empty(); // somebody else's
        }
    }

    private SortedMap<String, byte[]> objects() {
        ObjectStore store = night.objects();
        String folder = "jobs/" + id + "/";
        SortedMap<String, byte[]> objects = new TreeMap<>();
        for (String key : store.list(folder)) {
            objects.put(key.substring(folder.length()), store.get(key));
        }
        return objects;
    }

    /** Of every candidate, by custom id and number. */
    Map<String, String> tokens() {
        Map<String, String> tokens = new TreeMap<>();
        for (JsonNode candidate : lines("candidates.jsonl")) {
            tokens.put(
                    candidate.path("custom_id").asText() + " " + candidate.path("candidate"),
                    candidate.path("seed") + " " + candidate.path("tokens").asText());
        }
        return tokens;
    }

    /** Of a file of the job; none if there is no such file. */
    List<JsonNode> lines(String file) {
        return new String(object(file), UTF_8).lines().map(JobRun::line).toList();
    }

    private static JsonNode line(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] object(String name) {
        String key = "jobs/" + id + "/" + name;
        return night.objects().exists(key) ? night.objects().get(key) : new byte[0];
    }

    @Override
    public void close() throws InterruptedException {
        closed.countDown();
        looking.join();
    }
}
