package dev.nocturne.ingest.result;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.job.LogRecords;
import dev.nocturne.ingest.job.ResultIndex;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Reads the results of one job again, straight from the log, so that nobody has to keep them: the
 * first result of each request, partition by partition, in the same order every time.
 */
public final class ResultLog {

    private static final Duration POLL = Duration.ofSeconds(1);
    private static final int MAX_EMPTY_POLLS = 60;

    /** Records that lie between two wanted ones and are better read over than sought past. */
    private static final int SKIP = 500;

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
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            for (var start : new TreeMap<>(firstOffsets).entrySet()) {
                TopicPartition partition =
                        new TopicPartition(Topics.RESULTS.name(), start.getKey());
                consumer.assign(List.of(partition));
                consumer.seek(partition, start.getValue());
                long end = consumer.endOffsets(List.of(partition)).get(partition);
                int emptyPolls = 0;
                while (consumer.position(partition) < end) {
                    ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                    emptyPolls = records.isEmpty() ? emptyPolls + 1 : 0;
                    if (emptyPolls > MAX_EMPTY_POLLS) {
                        throw new TimeoutException("no answer for a minute");
                    }
                    for (ConsumerRecord<byte[], byte[]> record : records) {
                        if (isOfJob(keyPrefix, record.key()) && record.offset() < end) {
                            readOnce(record, seen, reader);
                        }
                    }
                }
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
        Map<TopicPartition, TreeSet<Long>> wanted = new HashMap<>();
        for (ResultIndex.Place place : places) {
            wanted.computeIfAbsent(partition(place), key -> new TreeSet<>()).add(place.offset());
        }
        Map<Long, RequestFinished> found = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            consumer.assign(wanted.keySet());
            wanted.forEach((partition, offsets) -> consumer.seek(partition, offsets.first()));
            int emptyPolls = 0;
            while (!wanted.isEmpty()) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                emptyPolls = records.isEmpty() ? emptyPolls + 1 : 0;
                if (emptyPolls > MAX_EMPTY_POLLS) {
                    throw new TimeoutException("no answer for a minute");
                }
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    TreeSet<Long> offsets = wanted.get(partition(record));
                    if (offsets != null && offsets.remove(record.offset())) {
                        readOnce(
                                record,
                                new HashSet<>(),
                                result -> found.put(number(result), result));
                    }
                }
                goOn(consumer, wanted);
            }
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

    /** Leaves out what no result of the job is in, and partitions of which all is read. */
    private static void goOn(
            KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, TreeSet<Long>> wanted) {
        for (var entry : List.copyOf(wanted.entrySet())) {
            TopicPartition partition = entry.getKey();
            long position = consumer.position(partition);
            entry.getValue().headSet(position).clear(); // not in the log, whatever the reason
            if (entry.getValue().isEmpty()) {
                consumer.pause(List.of(partition));
                wanted.remove(partition);
            } else if (entry.getValue().first() - position > SKIP) {
                consumer.seek(partition, entry.getValue().first());
            }
        }
    }

    private static TopicPartition partition(ResultIndex.Place place) {
        return new TopicPartition(Topics.RESULTS.name(), place.partition());
    }

    private static TopicPartition partition(ConsumerRecord<byte[], byte[]> record) {
        return new TopicPartition(record.topic(), record.partition());
    }

    private static long number(RequestFinished result) {
        return RequestNumber.of(result.getRequest().getRequestId());
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(kafka.consumer());
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
