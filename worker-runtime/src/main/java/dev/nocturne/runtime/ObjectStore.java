package dev.nocturne.runtime;

import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Objects in one bucket. Thread-safe.
 *
 * <p>A store cannot join a Kafka transaction, so a key names its content: whoever puts twice puts
 * the same bytes, and overwriting changes nothing visible.
 *
 * <p>Every method throws {@link TransientException} if the store is away, busy or full, {@link
 * FatalException} if it refuses the credentials or lacks the bucket, and {@link PermanentException}
 * ({@code storage_error}) if it refuses this one request.
 */
public interface ObjectStore extends ObjectSink {

    /** The limit of S3's signatures. */
    Duration LONGEST_LINK = Duration.ofDays(7);

    static ObjectStore open(ObjectStoreSettings settings) {
        return new S3ObjectStore(settings, Clock.systemUTC());
    }

    /** Creates the bucket if it is not there. */
    void ensureBucket();

    /** As {@link #put(String, byte[], String)}, from a file, a part in memory at a time. */
    void put(String key, Path file, String contentType);

    /** The object's bytes; an object that is not there is a {@link PermanentException}. */
    byte[] get(String key);

    /** As {@link #get}; empty if the object is not there. */
    Optional<byte[]> find(String key);

    /** As {@link #get}, as a stream, which the caller closes. */
    InputStream open(String key);

    /**
     * As {@link #open(String)}, a part of the bytes.
     *
     * @param from 0-based, within the object
     * @param length at least 1
     */
    InputStream open(String key, long from, long length);

    /**
     * What the store knows of an object.
     *
     * @param etag other bytes have another one; without quotes, null if the store has none
     */
    record Stat(long bytes, String etag, Instant modifiedAt) {}

    /** Empty if the object is not there. */
    Optional<Stat> stat(String key);

    /** An object that is not there stays away. */
    void delete(String key);

    default boolean exists(String key) {
        return stat(key).isPresent();
    }

    /** The keys that start with the prefix, in lexicographic order. */
    List<String> list(String prefix);

    /**
     * A URL by which anybody can get the object without credentials, whether it is there or not.
     *
     * @param validity from now on, in whole seconds, at most {@link #LONGEST_LINK}
     */
    String link(String key, Duration validity);
}
