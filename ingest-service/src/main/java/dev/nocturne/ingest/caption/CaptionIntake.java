package dev.nocturne.ingest.caption;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipException;

/**
 * Reads a file of captions in any format, and makes JSON lines of it: all that follows knows no
 * other. A row is in memory at a time.
 */
public final class CaptionIntake {

    /** Of a problem that leaves no lines to go on with. */
    public static final String NOT_JSON_LINES = "not_json_lines";

    private static final int SHOWN_ROWS = 10;

    private CaptionIntake() {}

    /**
     * @param filename null if it has none
     * @param mediaType as the request says; null if it does not
     * @param defaults for the captions that say nothing of an option
     * @param lines where the good captions go as JSON lines, each with its custom id, without the
     *     defaults left out; null: nowhere
     * @throws IngestException UNAVAILABLE if a line depends on a model that nobody has named yet
     * @throws IOException if a file cannot be read or written
     */
    public static CaptionCheck read(
            Path file,
            String filename,
            String mediaType,
            CaptionDefaults defaults,
            PictureSize pictures,
            Path lines)
            throws IOException {
        try (InputStream in = plain(file);
                OutputStream out =
                        lines == null ? OutputStream.nullOutputStream() : stream(lines)) {
            CaptionFormat format = format(in, filename, mediaType);
            CaptionRows rows =
                    format == CaptionFormat.JSON_LINES ? new JsonLineRows(in) : format.rows(in);
            JobParser parser =
                    JobParser.ofNewRows(
                            with(defaults, rows), "validation", Instant.EPOCH, pictures);
            List<CaptionCheck.Row> first = new ArrayList<>();
            List<Problem> problems =
                    parser.validate(
                            line -> {
                                if (first.size() < SHOWN_ROWS) {
                                    first.add(CaptionCheck.Row.of(line));
                                }
                                out.write(parser.named(line));
                                out.write('\n');
                            });
            return new CaptionCheck(
                    format,
                    parser.captions(),
                    parser.candidates(),
                    rows.unusedColumns(),
                    first,
                    problems);
        } catch (ZipException e) {
            return refused(List.of(brokenGzip(e)));
        } catch (IngestException e) {
            if (e.kind() == IngestException.Kind.UNAVAILABLE) {
                throw e;
            }
            return refused(e.problems());
        }
    }

    private static CaptionCheck refused(List<Problem> problems) {
        return new CaptionCheck(null, 0, 0, List.of(), List.of(), problems);
    }

    public static Problem brokenGzip(ZipException e) {
        return new Problem(
                null,
                null,
                "invalid_gzip",
                "the file is not whole gzip (%s): send it again".formatted(e.getMessage()));
    }

    private static InputStream plain(Path file) throws IOException {
        InputStream in = Files.newInputStream(file);
        try {
            return new BufferedInputStream(JobParser.plain(in), CaptionFormat.HEAD_BYTES);
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    private static CaptionFormat format(InputStream in, String filename, String mediaType)
            throws IOException {
        return CaptionFormat.of(head(in), filename, mediaType)
                .orElseThrow(
                        () ->
                                IngestException.invalid(
                                        "file",
                                        "the file is neither JSON nor a table with a column 'prompt': of a caption a line, name it captions.txt or send the content type text/plain"));
    }

    /** The stream is where it was, afterwards. */
    private static byte[] head(InputStream in) throws IOException {
        in.mark(CaptionFormat.HEAD_BYTES);
        byte[] head = in.readNBytes(CaptionFormat.HEAD_BYTES);
        in.reset();
        return head;
    }

    /**
     * Checks a file of the API, whose bytes stay as they were sent: they must be JSON lines.
     *
     * @throws IngestException INVALID if they are surely something else
     * @throws IOException if it cannot be read
     */
    public static void requireJsonLines(Path file) throws IOException {
        try (InputStream in = plain(file)) {
            CaptionFormat format =
                    CaptionFormat.of(head(in), null, null).orElse(CaptionFormat.JSON_LINES);
            if (format != CaptionFormat.JSON_LINES) {
                throw new IngestException(
                        IngestException.Kind.INVALID,
                        List.of(
                                new Problem(
                                        null,
                                        null,
                                        NOT_JSON_LINES,
                                        "the file is %s, and a batch takes JSON lines: send it to POST /v1/jobs, which takes it as it is"
                                                .formatted(format))));
            }
        }
    }

    private static OutputStream stream(Path file) throws IOException {
        return new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
    }

    private static CaptionRows with(CaptionDefaults defaults, CaptionRows rows) {
        return () -> {
            CaptionRows.Row row = rows.next();
            if (row != null && row.object() != null) {
                defaults.addTo(row.object());
            }
            return row;
        };
    }
}
