package dev.nocturne.ingest.caption;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.zip.ZipException;

/**
 * What is in a file of JSON lines.
 *
 * @param problems at most {@link JobParser#MAX_PROBLEMS}
 * @param lines good and bad
 * @param captions good lines
 * @param candidates of the good lines
 * @param firstCaption null if there is no good line
 */
public record Survey(
        List<Problem> problems, int lines, int captions, long candidates, String firstCaption) {

    /** Problems that leave no lines to go on with. */
    private static final Set<String> OF_THE_FILE =
            Set.of("empty_job", "invalid_gzip", CaptionIntake.NOT_JSON_LINES, "too_large");

    /**
     * @throws IOException if the file cannot be read
     * @throws IngestException UNAVAILABLE if a line depends on a model that nobody has named yet
     */
    public static Survey of(Path file, PictureSizes pictures) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            CaptionIntake.requireJsonLines(file);
            JobParser parser = JobParser.ofNewFile(in, "validation", Instant.EPOCH, pictures);
            List<Problem> problems = parser.validate();
            return of(parser, problems);
        } catch (ZipException e) {
            return refused(List.of(CaptionIntake.brokenGzip(e)));
        } catch (IngestException e) {
            if (e.kind() == IngestException.Kind.UNAVAILABLE) {
                throw e;
            }
            return refused(e.problems());
        }
    }

    /** Of what a parser has read. */
    static Survey of(JobParser parser, List<Problem> problems) {
        return new Survey(
                problems,
                parser.count(),
                parser.captions(),
                parser.candidates(),
                parser.firstCaption());
    }

    private static Survey refused(List<Problem> problems) {
        return new Survey(problems, 0, 0, 0, null);
    }

    /** Whether there are no lines to go on with. */
    public boolean isHopeless() {
        return problems.stream().anyMatch(problem -> OF_THE_FILE.contains(problem.code()));
    }
}
