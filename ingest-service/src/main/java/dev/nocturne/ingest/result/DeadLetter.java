package dev.nocturne.ingest.result;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.runtime.DeadLetters;
import dev.nocturne.schemas.Ids.RequestKey;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * A record that no stage could process, and why. What its headers do not say is null.
 *
 * @param id partition and offset in {@code dead-letters}
 * @param at when the stage gave the record up
 * @param topic where the record came from; {@code partition} and {@code offset} likewise
 * @param jobId null if neither key nor value tells; {@code requestId} likewise
 * @param bytes size of the value
 * @param replayedAt null if it has not been published again
 */
@JsonNaming(SnakeCaseStrategy.class)
public record DeadLetter(
        String id,
        Instant at,
        String stage,
        String reasonCode,
        String reason,
        String topic,
        Integer partition,
        Long offset,
        String key,
        String jobId,
        String requestId,
        int bytes,
        Instant replayedAt) {

    /**
     * A letter with all that it says.
     *
     * @param schema name of the value's Avro record; null if it is none that is known
     * @param payload the record as an object, its bytes fields in base64; without a schema the
     *     value in base64
     */
    public record Opened(
            @JsonUnwrapped DeadLetter letter,
            Map<String, String> headers,
            String schema,
            JsonNode payload) {}

    static DeadLetter of(ConsumerRecord<byte[], byte[]> record, Instant replayedAt) {
        Headers headers = record.headers();
        Optional<RequestKey> request = LetterPayload.request(record.key(), record.value());
        return new DeadLetter(
                record.partition() + "-" + record.offset(),
                Instant.ofEpochMilli(record.timestamp()),
                text(headers, DeadLetters.STAGE),
                text(headers, DeadLetters.REASON_CODE),
                text(headers, DeadLetters.REASON),
                text(headers, DeadLetters.TOPIC),
                number(headers, DeadLetters.PARTITION).map(Long::intValue).orElse(null),
                number(headers, DeadLetters.OFFSET).orElse(null),
                record.key() == null ? null : new String(record.key(), UTF_8),
                request.map(RequestKey::jobId).orElse(null),
                request.map(RequestKey::requestId).orElse(null),
                record.value() == null ? 0 : record.value().length,
                replayedAt);
    }

    static Opened opened(ConsumerRecord<byte[], byte[]> record, Instant replayedAt) {
        Map<String, String> headers = new LinkedHashMap<>();
        record.headers().forEach(header -> headers.put(header.key(), text(header)));
        LetterPayload payload = LetterPayload.of(record.value());
        return new Opened(of(record, replayedAt), headers, payload.schema(), payload.json());
    }

    /** Null if there is no such header. */
    static String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null ? null : text(header);
    }

    private static String text(Header header) {
        return header.value() == null ? "" : new String(header.value(), UTF_8);
    }

    private static Optional<Long> number(Headers headers, String name) {
        try {
            return Optional.ofNullable(text(headers, name)).map(Long::valueOf);
        } catch (NumberFormatException e) {
            return Optional.empty(); // not written by a stage
        }
    }
}
