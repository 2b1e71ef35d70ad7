package dev.nocturne.ingest;

import dev.nocturne.runtime.StageException;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Supplier;

/**
 * The bytes of an object, which is opened when they are first read: whoever does not come to
 * reading them, as in the middle of a shutdown, leaves no connection behind. Not thread-safe.
 */
final class StoredObject extends InputStream {

    private final Supplier<InputStream> open;
    private InputStream in; // null before the first read

    /**
     * @param open throws a {@link StageException} if the store does not give the object
     */
    StoredObject(Supplier<InputStream> open) {
        this.open = open;
    }

    private InputStream in() {
        try {
            in = in == null ? open.get() : in;
            return in;
        } catch (StageException e) {
            throw IngestException.unavailable(e);
        }
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
