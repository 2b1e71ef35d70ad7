package dev.nocturne.runtime;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.CaptionOwner;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Finds the caption of a request in the topics of captions, which keep it for a week. The first
 * search reads them whole; where each caption stands is then kept until it is {@link #forget
 * forgotten}. Of one thread.
 */
final class CaptionLog implements AutoCloseable {

    private record Place(TopicPartition partition, long offset) {}

    private final Map<Long, Place> places = new HashMap<>(); // by request id as a number
    private final TopicReader reader;

    CaptionLog(KafkaSettings kafka) {
        reader =
                new TopicReader(
                        kafka.consumer(),
                        "the log of captions",
                        Topics.CAPTIONS.lanes().stream().map(Topic::name).toList(),
                        TopicReader.Start.BEGINNING);
    }

    /**
     * Learns of the captions that are there by now.
     *
     * @throws TransientException if the brokers do not answer
     */
    void readOn() {
        try {
            reader.readToEnd(this::read);
        } catch (KafkaException e) {
            throw unreadable(e);
        }
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
            List<CaptionSubmitted> found = new ArrayList<>();
            reader.readRange(
                    place.partition,
                    place.offset,
                    place.offset + 1,
                    record -> decode(record).ifPresent(found::add));
            return found.stream().findFirst();
        } catch (KafkaException e) {
            throw unreadable(e);
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
        reader.restart();
    }

    @Override
    public void close() {
        reader.close();
    }
}
