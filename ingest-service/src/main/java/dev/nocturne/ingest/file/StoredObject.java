package dev.nocturne.ingest.file;

import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Optional;

/**
 * An object of the store: what it is, and its bytes, which are fetched when they are first read.
 * Whoever does not come to reading them, as in the middle of a shutdown, leaves no connection
 * behind. Not thread-safe.
 */
public final class StoredObject extends InputStream {

    private final ObjectStore.Stat stat;
    private final Source source;
    private final long from;
    private final long length;
    private InputStream in; // null before the first read

    /** Opens a part of the object's bytes; throws a {@link StageException} if that fails. */
    interface Source {
        InputStream open(long from, long length);
    }

    StoredObject(ObjectStore.Stat stat, Source source) {
        this(stat, source, 0, stat.bytes());
    }

    private StoredObject(ObjectStore.Stat stat, Source source, long from, long length) {
        this.stat = stat;
        this.source = source;
        this.from = from;
        this.length = length;
    }

    /** Empty if it is not there. */
    public static Optional<StoredObject> find(ObjectStore store, String key) {
        return store.stat(key)
                .map(
                        stat ->
                                new StoredObject(
                                        stat,
                                        (from, length) ->
                                                length == stat.bytes()
                                                        ? store.open(key)
                                                        : store.open(key, from, length)));
    }

    /** As an object with these bytes would be. */
    public static StoredObject of(byte[] bytes, Instant modifiedAt) {
        return new StoredObject(
                new ObjectStore.Stat(bytes.length, Sha256.hex(bytes), modifiedAt),
                (from, length) -> new ByteArrayInputStream(bytes, (int) from, (int) length));
    }

    /** The size of the whole. */
    public long bytes() {
        return stat.bytes();
    }

    /** Other bytes have another one; without quotes, null if the store has none. */
    public String etag() {
        return stat.etag();
    }

    public Instant modifiedAt() {
        return stat.modifiedAt();
    }

    /** Some of its bytes, fetched when they are first read. */
    public InputStream part(long from, long length) {
        return new StoredObject(stat, source, from, length);
    }

    private InputStream in() {
        in = in == null ? StoreAccess.ask(() -> source.open(from, length)) : in;
        return in;
    }

    @Override
    public int read() throws IOException {
        return in().read();
    }

    @Override
    public int read(byte[] bytes, int start, int length) throws IOException {
        return in().read(bytes, start, length);
    }

    @Override
    public void close() throws IOException {
        if (in != null) {
            in.close();
        }
    }
}
