package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Captions that come one by one as JSON over Kafka, and what has become of each. */
final class SingleCaptions implements AutoCloseable {
    private final Night night;
    private final int candidates;
    private final int top;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> log;
    private int published;

    /** By job, whether it completed: the first result counts. */
    private final Map<String, Boolean> results = new HashMap<>();

    private int repeated;

    /**
     * @param candidates of each caption, of which the best {@code top} become pictures
     */
    SingleCaptions(Night night, int candidates, int top) {
        this.night = night;
        this.candidates = candidates;
        this.top = top;
        producer = new KafkaProducer<>(night.kafka().producer());
        log = new KafkaConsumer<>(night.kafka().consumer());
        List<TopicPartition> partitions =
                log.partitionsFor(Topics.RESULTS.name()).stream()
                        .map(info -> new TopicPartition(info.topic(), info.partition()))
                        .toList();
        log.assign(partitions);
        log.seekToBeginning(partitions);
    }

    /** More of them, each with a custom id of its own; all are in Kafka afterwards. */
    void publish(int captions) {
        for (int i = 0; i < captions; i++) {
            String caption =
                    """
                    {"custom_id":"%s","prompt":"a red heart and %d stars","candidates":%d,"top":%d}"""
                            .formatted(customId(published), published, candidates, top);
            producer.send(
                    new ProducerRecord<>(Topics.CAPTIONS_JSON.name(), caption.getBytes(UTF_8)));
            published++;
        }
        producer.flush();
    }

    private static String customId(int caption) {
        return "single-" + caption;
    }

    private static String jobId(int caption) {
        return Ids.captionJobId(customId(caption));
    }

    private Stream<String> jobIds() {
        return IntStream.range(0, published).mapToObj(SingleCaptions::jobId);
    }

    /** Waits until there is a result of all that were published. */
    void awaitResults(Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        while (results.size() < published) {
            assertThat(System.nanoTime() - end)
                    .as("%d of %d captions have a result", results.size(), published)
                    .isNegative();
            log.poll(Duration.ofMillis(100)).forEach(this::note);
        }
    }

    private void note(ConsumerRecord<byte[], byte[]> record) {
        RequestFinished result = EventCodec.decode(RequestFinished.class, record.value());
        String jobId = result.getRequest().getJobId();
        if (!Ids.captionJobId(result.getRequest().getCustomId()).equals(jobId)) {
            return; // of a job
        }
        boolean isCompleted = result.getStatus() == RequestStatus.COMPLETED;
        if (results.putIfAbsent(jobId, isCompleted) != null) {
            repeated++;
        }
    }

    /** Results that came again, of a request that had been sent again: they count for nothing. */
    int repeated() {
        return repeated;
    }

    /**
     * What does not hold of those that have a result: each ends once, its job counts one request,
     * and the bucket has its pictures and what is told of them, nothing else. The other jobs are
     * named by the caller, so that none is foreign.
     */
    List<String> violations(Set<String> otherJobs) throws IOException {
        List<String> violations = new ArrayList<>();
        Path jobs = night.cluster().bucketFolder().resolve("jobs");
        for (String job : jobIds().toList()) {
            if (!results.getOrDefault(job, false)) {
                violations.add(job + ": " + (results.containsKey(job) ? "failed" : "lost"));
            }
            JsonNode counts = night.get("jobs/" + job).path("counts");
            if (counts.path("total").asInt() != 1 || counts.path("completed").asInt() != 1) {
                violations.add(job + ": its counts are " + counts);
            }
            List<Path> objects = files(jobs.resolve(job));
            boolean isOneFolder = objects.stream().map(Path::getParent).distinct().count() == 1;
            boolean isTold = objects.stream().anyMatch(path -> path.endsWith("result.json"));
            if (objects.size() != 1 + top || !isOneFolder || !isTold) {
                violations.add(job + ": the bucket has " + objects);
            }
        }
        Set<String> foreign = new TreeSet<>();
        try (Stream<Path> folders = Files.list(jobs)) {
            folders.forEach(folder -> foreign.add(folder.getFileName().toString()));
        }
        foreign.removeAll(otherJobs);
        foreign.removeAll(Set.copyOf(jobIds().toList()));
        foreign.removeIf(job -> files(jobs.resolve(job)).isEmpty());
        foreign.forEach(job -> violations.add(job + ": nobody asked for it"));
        return violations;
    }

    /** All below the folder; none if it is not there. */
    static List<Path> files(Path folder) {
        try (Stream<Path> all = Files.exists(folder) ? Files.walk(folder) : Stream.empty()) {
            return all.filter(Files::isRegularFile).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        producer.close();
        log.close();
    }
}
