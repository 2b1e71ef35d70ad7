package dev.nocturne.ingest.caption;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * Decompresses gzip, all its members to the end of the stream. {@link GZIPInputStream} takes a
 * member for the last one if no byte is at hand after it, as on a network, or if the next one is
 * broken.
 *
 * <p>What is wrong with the gzip is a {@link ZipException}; trouble with the stream stays what it
 * is.
 */
final class GzipMembers extends FilterInputStream {

    private final Compressed compressed;

    private GzipMembers(Compressed compressed) throws IOException {
        super(new GzipCompressorInputStream(compressed, true));
        this.compressed = compressed;
    }

    /**
     * @throws ZipException if it does not begin with gzip
     */
    static InputStream open(InputStream in) throws IOException {
        Compressed compressed = new Compressed(in);
        try {
            return new GzipMembers(compressed);
        } catch (IOException e) {
            throw compressed.cause(e);
        }
    }

    @Override
    public int read() throws IOException {
        try {
            return super.read();
        } catch (IOException e) {
            throw compressed.cause(e);
        }
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        try {
            return super.read(bytes, offset, length);
        } catch (IOException e) {
            throw compressed.cause(e);
        }
    }

    /** Remembers whether it was the stream itself that failed. */
    private static final class Compressed extends FilterInputStream {

        private IOException failure;

        Compressed(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            try {
                return super.read();
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            try {
                return super.read(bytes, offset, length);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        IOException cause(IOException thrown) {
            if (failure != null) {
                return failure;
            }
            String message = thrown.getMessage();
            ZipException broken = new ZipException(message == null ? "it ends early" : message);
            broken.initCause(thrown);
            return broken;
        }
    }
}
