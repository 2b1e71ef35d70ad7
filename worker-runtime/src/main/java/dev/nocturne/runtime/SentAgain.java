package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.schemas.Topics;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;

/**
 * The mark in {@code scored-grids} of a request that is sent again, for what came of it was lost:
 * the ranking forgets what it knows of the request, or it would take all for duplicates.
 */
public final class SentAgain {

    private static final String HEADER = "nocturne-sent-again";
    private static final byte[] NOTHING = null;

    private SentAgain() {}

    /**
     * @param key the request's
     */
    public static ProducerRecord<byte[], byte[]> mark(String key) {
        ProducerRecord<byte[], byte[]> mark =
                new ProducerRecord<>(Topics.SCORED_GRIDS.name(), key.getBytes(UTF_8), NOTHING);
        mark.headers().add(HEADER, new byte[0]);
        return mark;
    }

    /** Whether a record with a key is such a mark. */
    public static boolean isMark(byte[] value, Headers headers) {
        return value == null && headers.lastHeader(HEADER) != null;
    }
}
