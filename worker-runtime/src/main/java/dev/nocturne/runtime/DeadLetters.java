package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.Failure;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.Topics;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * What is published in place of a record that can never succeed. The header names are those of
 * SmallRye Reactive Messaging, which existing tools read.
 */
public final class DeadLetters {

    public static final String REASON = "dead-letter-reason";
    public static final String EXCEPTION_CLASS_NAME = "dead-letter-exception-class-name";
    public static final String TOPIC = "dead-letter-topic";
    public static final String PARTITION = "dead-letter-partition";
    public static final String OFFSET = "dead-letter-offset";
    public static final String REASON_CODE = "nocturne-reason-code";
    public static final String STAGE = "nocturne-stage";

    /** On a record that was published again: id of its dead letter. */
    public static final String REPLAY_OF = "nocturne-replay-of";

    /** More than any good record has; leaves room for the headers in Kafka's default of 1 MiB. */
    private static final int MAX_VALUE_BYTES = 960 * 1024;

    /** Of key and headers, each; what is more is left out. */
    private static final int MAX_ENVELOPE_BYTES = 16 * 1024;

    private static final int MAX_REASON_CHARS = 1_000;

    private DeadLetters() {}

    /** Whether a letter's value may be no more than the beginning of the record's. */
    public static boolean isCut(byte[] value) {
        return value != null && value.length >= MAX_VALUE_BYTES;
    }

    /**
     * The record as it came, with the reason in headers; an oversized value is cut, an oversized
     * key is left out, and so are headers.
     */
    public static ProducerRecord<byte[], byte[]> deadLetter(
            String stage, ConsumerRecord<byte[], byte[]> record, PermanentException cause) {
        byte[] value = record.value();
        if (value != null && value.length > MAX_VALUE_BYTES) {
            value = Arrays.copyOf(value, MAX_VALUE_BYTES);
        }
        byte[] key = record.key();
        ProducerRecord<byte[], byte[]> letter =
                new ProducerRecord<>(
                        Topics.DEAD_LETTERS.name(),
                        null,
                        key == null || key.length > MAX_ENVELOPE_BYTES ? null : key,
                        value,
                        isLarge(record.headers()) ? null : record.headers());
        Throwable thrown = cause.getCause() == null ? cause : cause.getCause();
        put(letter.headers(), REASON, cut(cause.getMessage(), MAX_REASON_CHARS));
        put(letter.headers(), EXCEPTION_CLASS_NAME, thrown.getClass().getName());
        put(letter.headers(), TOPIC, record.topic());
        put(letter.headers(), PARTITION, Integer.toString(record.partition()));
        put(letter.headers(), OFFSET, Long.toString(record.offset()));
        put(letter.headers(), REASON_CODE, cause.reasonCode());
        put(letter.headers(), STAGE, stage);
        return letter;
    }

    private static boolean isLarge(Headers headers) {
        long bytes = 0;
        for (Header header : headers) {
            bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
        }
        return bytes > MAX_ENVELOPE_BYTES;
    }

    private static void put(Headers headers, String name, String value) {
        headers.remove(name).add(name, value.getBytes(UTF_8));
    }

    /**
     * The request's failed result, without which its job would never complete.
     *
     * @param request null, or with ids that are none: only the record's key can tell
     * @return empty if job and request are not known
     */
    public static Optional<RequestFinished> failedResult(
            String stage,
            ConsumerRecord<byte[], byte[]> record,
            RequestRef request,
            PermanentException cause,
            Instant now) {
        RequestRef known = isKnown(request) ? request : fromKey(record.key());
        if (known == null) {
            return Optional.empty();
        }
        RequestRef shortened =
                new RequestRef(
                        known.getJobId(),
                        known.getRequestId(),
                        cut(known.getCustomId(), Limits.MAX_CUSTOM_ID_CHARS),
                        cut(known.getCaption(), Limits.MAX_CAPTION_CHARS));
        Failure failure =
                Failure.newBuilder()
                        .setCode(cause.reasonCode())
                        .setStage(stage)
                        .setMessage(cut(cause.getMessage(), MAX_REASON_CHARS))
                        .build();
        return Optional.of(
                new RequestFinished(shortened, RequestStatus.FAILED, List.of(), failure, now));
    }

    private static boolean isKnown(RequestRef request) {
        return request != null && Ids.isRequest(request.getJobId(), request.getRequestId());
    }

    private static RequestRef fromKey(byte[] key) {
        if (key == null) {
            return null;
        }
        try {
            Ids.RequestKey parsed = Ids.parse(new String(key, UTF_8));
            return new RequestRef(parsed.jobId(), parsed.requestId(), "", "");
        } catch (IllegalArgumentException e) {
            return null; // some producer's own key
        }
    }

    private static String cut(String text, int maxChars) {
        return text.codePointCount(0, text.length()) <= maxChars
                ? text
                : text.substring(0, text.offsetByCodePoints(0, maxChars));
    }
}
