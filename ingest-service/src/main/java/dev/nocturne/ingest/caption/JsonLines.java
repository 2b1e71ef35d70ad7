package dev.nocturne.ingest.caption;

import dev.nocturne.ingest.IngestException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Splits a stream of bytes into lines, one line in memory at a time. Ends of lines are LF or CRLF;
 * a byte order mark before a line is dropped: files that begin with one were joined. Splitting
 * bytes is safe: no byte of a longer UTF-8 sequence is an LF.
 */
public final class JsonLines {

    public static final long MAX_FILE_BYTES = 200L << 20;
    static final int MAX_LINE_BYTES = 2 << 20;

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private long fileBytes;
    private int number;

    JsonLines(InputStream in) {
        this.in = in;
    }

    /**
     * @return the next line without its end, or null after the last one
     * @throws IngestException TOO_LARGE
     */
    byte[] next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        boolean read = false;
        while (start < end || fill()) {
            read = true;
            int lineFeed = start;
            while (lineFeed < end && buffer[lineFeed] != '\n') {
                lineFeed++;
            }
            line.write(buffer, start, lineFeed - start);
            boolean complete = lineFeed < end;
            start = complete ? lineFeed + 1 : lineFeed;
            if (line.size() > MAX_LINE_BYTES) {
                throw IngestException.tooLarge(
                        number + 1,
                        "the line has more than %d bytes: send a smaller image_prompt"
                                .formatted(MAX_LINE_BYTES));
            }
            if (complete) {
                break;
            }
        }
        if (!read) {
            return null;
        }
        number++;
        return trimmed(withoutMark(line.toByteArray()));
    }

    /** 1-based number of the line that {@link #next} returned last. */
    int number() {
        return number;
    }

    private boolean fill() throws IOException {
        start = 0;
        end = Math.max(0, in.read(buffer));
        fileBytes += end;
        if (fileBytes > MAX_FILE_BYTES) {
            throw IngestException.tooLarge(
                    null, "the file has more than %d bytes: split it".formatted(MAX_FILE_BYTES));
        }
        return end > 0;
    }

    private static byte[] trimmed(byte[] line) {
        boolean isTrimmed = line.length == 0 || line[line.length - 1] != '\r';
        return isTrimmed ? line : Arrays.copyOf(line, line.length - 1);
    }

    /** The text without the byte order mark that Windows' editors put before it. */
    static byte[] withoutMark(byte[] text) {
        boolean isMarked =
                text.length >= BYTE_ORDER_MARK.length
                        && Arrays.equals(text, 0, 3, BYTE_ORDER_MARK, 0, 3);
        return isMarked ? Arrays.copyOfRange(text, BYTE_ORDER_MARK.length, text.length) : text;
    }
}
