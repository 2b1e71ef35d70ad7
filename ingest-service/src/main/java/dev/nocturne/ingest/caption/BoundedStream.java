package dev.nocturne.ingest.caption;

import dev.nocturne.ingest.IngestException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Bounds a file, and what is read of it for one row: that is in memory. */
final class BoundedStream extends FilterInputStream {

    /** Room for the largest image prompt. */
    static final int MAX_ROW_BYTES = 2 << 20;

    /** Readers are ahead by what they read at once. */
    private static final int SLACK = 64 << 10;

    private static final long MAX_FILE_BYTES = 200L << 20;

    private long fileBytes;
    private long rowStart = -1; // -1 between two rows
    private int rowLine;

    BoundedStream(InputStream in) {
        super(in);
    }

    /** What is read from now on belongs to the row that begins on {@code line}. */
    void startRow(int line) {
        rowStart = fileBytes;
        rowLine = line;
    }

    /** What is read from now on is kept by nobody. */
    void endRow() {
        rowStart = -1;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int count = super.read(bytes, offset, length);
        fileBytes += Math.max(0, count);
        if (fileBytes > MAX_FILE_BYTES) {
            throw IngestException.tooLarge(
                    null, "the file has more than %d bytes: split it".formatted(MAX_FILE_BYTES));
        }
        if (rowStart >= 0 && fileBytes - rowStart > MAX_ROW_BYTES + SLACK) {
            throw IngestException.tooLarge(
                    rowLine,
                    "the row that begins here has more than %d bytes: close its quotes, or send a smaller image_prompt"
                            .formatted(MAX_ROW_BYTES));
        }
        return count;
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
