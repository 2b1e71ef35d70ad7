package dev.nocturne.training.dataset;

import dev.nocturne.runtime.Backoff;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Files by path, and objects by {@code s3://bucket/key}. Thread-safe. */
public final class Storage {
    static final String S3 = "s3://";

    /** Gives an object store about a minute to come back. */
    private static final Backoff PATIENCE =
            new Backoff(Duration.ofMillis(500), Duration.ofSeconds(15), 9);

    private final Function<String, ObjectStore> stores;
    private final Map<String, ObjectStore> byBucket = new ConcurrentHashMap<>();

    /**
     * @param stores opens the store of a bucket
     */
    public Storage(Function<String, ObjectStore> stores) {
        this.stores = stores;
    }

    /** Files alone. */
    static Storage local() {
        return new Storage(
                bucket -> {
                    throw new IllegalStateException("there are no buckets");
                });
    }

    static boolean isObject(String file) {
        return file.startsWith(S3);
    }

    private record Key(String bucket, String key) {
        static Key of(String file) {
            String rest = file.substring(S3.length());
            int slash = rest.indexOf('/');
            return slash < 0
                    ? new Key(rest, "")
                    : new Key(rest.substring(0, slash), rest.substring(slash + 1));
        }
    }

    private ObjectStore store(Key key) {
        return byBucket.computeIfAbsent(key.bucket, stores);
    }

    /** The objects that begin so, in the order of their names. */
    Stream<String> objects(String prefix) throws IOException {
        Key key = Key.of(prefix);
        return patiently(() -> store(key).list(key.key)).stream()
                .map(found -> S3 + key.bucket + "/" + found);
    }

    InputStream open(String file) throws IOException {
        if (isObject(file)) {
            Key key = Key.of(file);
            return patiently(() -> store(key).open(key.key));
        }
        return Files.newInputStream(Path.of(file));
    }

    /** The bytes of a picture's file. */
    byte[] read(Place place) throws IOException {
        if (isObject(place.file())) {
            Key key = Key.of(place.file());
            return patiently(() -> part(key, place));
        }
        if (place.length() == Place.TO_THE_END) {
            return Files.readAllBytes(Path.of(place.file()));
        }
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(place.length()));
        try (FileChannel channel = FileChannel.open(Path.of(place.file()))) {
            readFully(channel, bytes, place.offset());
        }
        return bytes.array();
    }

    private byte[] part(Key key, Place place) {
        try (InputStream in = store(key).open(key.key, place.offset(), place.length())) {
            byte[] bytes = in.readNBytes(Math.toIntExact(place.length()));
            if (bytes.length < place.length()) {
                throw new TransientException(
                        "%s ended after %d of %d bytes"
                                .formatted(place.file(), bytes.length, place.length()),
                        null);
            }
            return bytes;
        } catch (IOException e) {
            throw new TransientException(
                    "%s broke off (%s)".formatted(place.file(), e.getMessage()), e);
        }
    }

    /** Fills the buffer from there on. */
    static void readFully(FileChannel channel, ByteBuffer bytes, long offset) throws IOException {
        while (bytes.hasRemaining()) {
            int count = channel.read(bytes, offset + bytes.position());
            if (count < 0) {
                throw new IOException(
                        "a file ends before byte %d; has it changed?"
                                .formatted(offset + bytes.limit()));
            }
        }
    }

    /** Changes where the file does. */
    String stamp(String file) throws IOException {
        if (isObject(file)) {
            Key key = Key.of(file);
            return patiently(() -> store(key).stat(key.key))
                    .map(stat -> stat.bytes() + " " + stat.etag())
                    .orElseThrow(() -> new IOException(file + " is not there; correct --data"));
        }
        Path path = Path.of(file);
        if (!Files.exists(path)) {
            throw new IOException(file + " is not there; correct --data");
        }
        return Files.size(path) + " " + Files.getLastModifiedTime(path).toMillis();
    }

    private static <T> T patiently(Supplier<T> request) throws IOException {
        try {
            return PATIENCE.retry(request);
        } catch (PermanentException e) {
            throw new IOException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while an object store was away");
        }
    }
}
