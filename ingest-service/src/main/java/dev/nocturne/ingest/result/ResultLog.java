package dev.nocturne.ingest.result;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.job.LogRecords;
import dev.nocturne.ingest.job.ResultIndex;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicReader;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads the results of one job again, straight from the log, so that nobody has to keep them: the
 * first result of each request, partition by partition, in the same order every time.
 */
public final class ResultLog {

    /** Takes the results; may break off with what it throws. */
    public interface Reader {
        void read(RequestFinished result) throws IOException;
    }

    private final KafkaSettings kafka;

    public ResultLog(KafkaSettings kafka) {
        this.kafka = kafka;
    }

    /**
     * Everything that is there at the call.
     *
     * @param firstOffsets where the job's results begin in each partition
     * @throws IngestException UNAVAILABLE if the brokers do not answer
     */
    public void read(String jobId, Map<Integer, Long> firstOffsets, Reader reader)
            throws IOException {
        byte[] keyPrefix = (jobId + '/').getBytes(StandardCharsets.UTF_8);
        Set<Long> seen = new HashSet<>();
        try (TopicReader log = open()) {
            for (var first : new TreeMap<>(firstOffsets).entrySet()) {
                TopicPartition partition =
                        new TopicPartition(Topics.RESULTS.name(), first.getKey());
                log.readRange(
                        partition,
                        first.getValue(),
                        log.end(partition),
                        record -> {
                            if (isOfJob(keyPrefix, record.key())) {
                                readOnce(record, seen, reader);
                            }
                        });
            }
        } catch (KafkaException e) {
            throw unreadable(jobId, e);
        }
    }

    /**
     * The results at these places, in their order.
     *
     * @throws IngestException UNAVAILABLE if the brokers do not answer
     */
    public List<RequestFinished> read(String jobId, List<ResultIndex.Place> places) {
        Map<TopicPartition, Set<Long>> offsets = new HashMap<>();
        for (ResultIndex.Place place : places) {
            offsets.computeIfAbsent(partition(place), key -> new HashSet<>()).add(place.offset());
        }
        Map<Long, RequestFinished> found = new HashMap<>();
        try (TopicReader log = open()) {
            log.readOffsets(
                    offsets,
                    record ->
                            readOnce(
                                    record,
                                    new HashSet<>(),
                                    result -> found.put(number(result), result)));
        } catch (IOException e) {
            throw new AssertionError("nothing here throws it", e);
        } catch (KafkaException e) {
            throw unreadable(jobId, e);
        }
        return places.stream()
                .map(place -> found.get(place.request()))
                .filter(Objects::nonNull)
                .toList();
    }

    private static TopicPartition partition(ResultIndex.Place place) {
        return new TopicPartition(Topics.RESULTS.name(), place.partition());
    }

    private static long number(RequestFinished result) {
        return RequestNumber.of(result.getRequest().getRequestId());
    }

    private TopicReader open() {
        return new TopicReader(
                kafka, "the log of results", Topics.RESULTS, TopicReader.Start.BEGINNING);
    }

    private static IngestException unreadable(String jobId, KafkaException e) {
        return IngestException.unavailable(
                "the results of job %s cannot be read (%s): try again later"
                        .formatted(jobId, e.getMessage()),
                e);
    }

    private static void readOnce(
            ConsumerRecord<byte[], byte[]> record, Set<Long> seen, Reader reader)
            throws IOException {
        RequestFinished result;
        try {
            result = LogRecords.requestFinished(record);
        } catch (RuntimeException e) {
            return; // it counts nowhere else either, and the job log's reader tells of it
        }
        if (seen.add(number(result))) {
            reader.read(result);
        }
    }

    private static boolean isOfJob(byte[] keyPrefix, byte[] key) {
        return key != null
                && key.length > keyPrefix.length
                && Arrays.equals(key, 0, keyPrefix.length, keyPrefix, 0, keyPrefix.length);
    }
}
