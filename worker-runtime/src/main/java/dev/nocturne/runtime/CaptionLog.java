package dev.nocturne.runtime;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.CaptionOwner;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Finds the caption of a request in the topics of captions, which keep it for a week. The first
 * search reads them whole; where each caption stands is then kept until it is {@link #forget
 * forgotten}. Of one thread.
 */
final class CaptionLog implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(200);

    /** Without anything read. */
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(15);

    private record Place(TopicPartition partition, long offset) {}

    private final KafkaSettings kafka;
    private final Map<Long, Place> places = new HashMap<>(); // by request id as a number
    private KafkaConsumer<byte[], byte[]> follower; // null until first used, like the next
    private KafkaConsumer<byte[], byte[]> seeker;

    CaptionLog(KafkaSettings kafka) {
        this.kafka = kafka;
    }

    /**
     * Learns of the captions that are there by now.
     *
     * @throws TransientException if the brokers do not answer
     */
    void readOn() {
        try {
            if (follower == null) {
                open();
            }
            Map<TopicPartition, Long> ends = follower.endOffsets(follower.assignment());
            long lastReadNanos = System.nanoTime();
            while (!isAtEnd(ends)) {
                for (ConsumerRecord<byte[], byte[]> record : follower.poll(POLL)) {
                    lastReadNanos = System.nanoTime();
                    read(record);
                }
                requireProgress(lastReadNanos);
            }
        } catch (KafkaException e) {
            forget();
            throw unreadable(e);
        }
    }

    private void open() {
        follower = new KafkaConsumer<>(kafka.consumer());
        List<TopicPartition> partitions =
                Topics.CAPTIONS.lanes().stream()
                        .map(Topic::name)
                        .flatMap(name -> follower.partitionsFor(name).stream())
                        .map(info -> new TopicPartition(info.topic(), info.partition()))
                        .toList();
        follower.assign(partitions);
        follower.seekToBeginning(partitions);
        Map<String, Object> oneByOne = kafka.consumer();
        oneByOne.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
        seeker = new KafkaConsumer<>(oneByOne);
    }

    private boolean isAtEnd(Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream()
                .allMatch(end -> follower.position(end.getKey()) >= end.getValue());
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        decode(record)
                .ifPresent(
                        caption ->
                                places.putIfAbsent(
                                        number(CaptionOwner.request(caption)),
                                        new Place(
                                                new TopicPartition(
                                                        record.topic(), record.partition()),
                                                record.offset())));
    }

    private static Optional<CaptionSubmitted> decode(ConsumerRecord<byte[], byte[]> record) {
        try {
            return Optional.of(EventCodec.decode(CaptionSubmitted.class, record.value()));
        } catch (MalformedEventException e) {
            return Optional.empty(); // a dead letter by now
        }
    }

    private static long number(RequestRef request) {
        return Long.parseUnsignedLong(request.getRequestId(), 16);
    }

    /**
     * The caption as it came, the first one if it came several times.
     *
     * @return empty if it was not there when {@link #readOn} was called, or is gone by now
     * @throws TransientException if the brokers do not answer
     */
    Optional<CaptionSubmitted> find(RequestRef request) {
        Place place = places.get(number(request));
        if (place == null) {
            return Optional.empty();
        }
        try {
            seeker.assign(List.of(place.partition));
            seeker.seek(place.partition, place.offset);
            for (long startNanos = System.nanoTime(); ; requireProgress(startNanos)) {
                for (ConsumerRecord<byte[], byte[]> record : seeker.poll(POLL)) {
                    return record.offset() == place.offset ? decode(record) : Optional.empty();
                }
            }
        } catch (KafkaException e) {
            throw unreadable(e);
        }
    }

    private static void requireProgress(long sinceNanos) {
        if (System.nanoTime() - sinceNanos > LONGEST_SILENCE.toNanos()) {
            throw new TransientException(
                    "captions are not read within %d s".formatted(LONGEST_SILENCE.toSeconds()),
                    null);
        }
    }

    private static TransientException unreadable(KafkaException e) {
        if (e instanceof InterruptException) {
            Thread.currentThread().interrupt();
        }
        return new TransientException("captions cannot be read: " + e.getMessage(), e);
    }

    /** Gives back what the search took. */
    void forget() {
        places.clear();
        if (follower != null) {
            follower.close();
            follower = null;
        }
        if (seeker != null) {
            seeker.close();
            seeker = null;
        }
    }

    @Override
    public void close() {
        forget();
    }
}
