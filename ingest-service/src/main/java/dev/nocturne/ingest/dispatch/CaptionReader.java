package dev.nocturne.ingest.dispatch;

import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.runtime.StageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;

/** Goes through the file of one job, on this machine's disk; a line is in memory at a time. */
final class CaptionReader implements AutoCloseable {

    private final Path copy;
    private final InputStream in;
    private final JobParser parser;
    private final String jobId;
    private final Set<Long> finished;
    private int line;

    private CaptionReader(
            Path copy, InputStream in, JobParser parser, String jobId, Set<Long> finished) {
        this.copy = copy;
        this.in = in;
        this.parser = parser;
        this.jobId = jobId;
        this.finished = finished;
    }

    /**
     * @param isGood whether the file is known to have no bad line
     * @param finished the job's requests that have results, as numbers; bad lines are among them
     * @throws IOException if there is no room for it, or it cannot be read
     * @throws StageException the store's
     */
    static CaptionReader open(
            FileStore files,
            StoredFile file,
            String jobId,
            Instant submittedAt,
            boolean isGood,
            Set<Long> finished)
            throws IOException {
        Path copy = files.download(file);
        InputStream in = null;
        try {
            in = Files.newInputStream(copy);
            JobParser parser =
                    isGood
                            ? JobParser.ofGoodFile(in, jobId, submittedAt)
                            : new JobParser(in, jobId, submittedAt);
            return new CaptionReader(copy, in, parser, jobId, isGood ? Set.of() : finished);
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
        while (next != null && (!next.isGood() || wasBad(next))) {
            next = parser.next();
        }
        line = next == null ? line : next.number();
        return next;
    }

    /** To the version that started the job: it has its result. */
    private boolean wasBad(JobParser.Line line) {
        return !finished.isEmpty()
                && finished.contains(
                        RequestNumber.of(JobParser.badRequestId(jobId, line.number())));
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
