package dev.nocturne.ingest;

import dev.nocturne.runtime.StageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** Goes through the file of one job, on this machine's disk; a line is in memory at a time. */
final class CaptionReader implements AutoCloseable {

    private final Path copy;
    private final InputStream in;
    private final JobParser parser;
    private int line;

    private CaptionReader(Path copy, InputStream in, JobParser parser) {
        this.copy = copy;
        this.in = in;
        this.parser = parser;
    }

    /**
     * @param isGood whether the file is known to have no bad line
     * @throws IOException if there is no room for it, or it cannot be read
     * @throws StageException the store's
     */
    static CaptionReader open(
            FileStore files, StoredFile file, String jobId, Instant submittedAt, boolean isGood)
            throws IOException {
        Path copy = files.download(file);
        InputStream in = null;
        try {
            in = Files.newInputStream(copy);
            JobParser parser =
                    isGood
                            ? JobParser.ofGoodFile(in, jobId, submittedAt)
                            : new JobParser(in, jobId, submittedAt);
            return new CaptionReader(copy, in, parser);
        } catch (IOException e) {
            if (in != null) {
                in.close();
            }
            Files.deleteIfExists(copy);
            throw e;
        }
    }

    /** The next good line; null after the last. */
    JobParser.Line next() throws IOException {
        JobParser.Line next = parser.next();
        while (next != null && !next.isGood()) {
            next = parser.next();
        }
        line = next == null ? line : next.number();
        return next;
    }

    /** Number of the line that was returned last, 0 before the first. */
    int line() {
        return line;
    }

    @Override
    public void close() throws IOException {
        in.close();
        Files.deleteIfExists(copy);
    }
}
