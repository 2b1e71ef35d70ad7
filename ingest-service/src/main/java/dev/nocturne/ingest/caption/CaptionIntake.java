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
import java.util.Optional;
import java.util.zip.ZipException;

/**
 * Reads a file of captions in any format, and makes JSON lines of it: all that follows knows no
 * other. A row is in memory at a time.
 */
public final class CaptionIntake {

    /** Of a problem that leaves no lines to go on with. */
    static final String NOT_JSON_LINES = "not_json_lines";

    private static final int SHOWN_ROWS = 10;

    private CaptionIntake() {}

    /**
     * What has been read.
     *
     * @param lines the file that holds the captions as JSON lines; means nothing if there are
     *     errors
     * @param survey of those lines; empty where they have to be read again, because one may have
     *     become longer than a line may be
     */
    public record Read(CaptionCheck check, Path lines, Optional<Survey> survey) {

        private static Read refused(List<Problem> problems) {
            return new Read(
                    new CaptionCheck(null, 0, 0, List.of(), List.of(), problems),
                    null,
                    Optional.empty());
        }
    }

    /**
     * Says what is in a file, as {@link #read} does, and writes nothing.
     *
     * @throws IngestException as of {@link #read}
     * @throws IOException if the file cannot be read
     */
    public static CaptionCheck check(
            Path file,
            String filename,
            String mediaType,
            CaptionDefaults defaults,
            PictureSizes pictures)
            throws IOException {
        return read(file, filename, mediaType, defaults, pictures, null).check();
    }

    /**
     * @param filename null if it has none
     * @param mediaType as the request says; null if it does not
     * @param defaults for the captions that say nothing of an option
     * @param lines where the good captions go as JSON lines, each with its custom id, without the
     *     defaults left out; nothing is written if the file has that form already. Null: nowhere
     * @throws IngestException UNAVAILABLE if a line depends on a model that nobody has named yet
     * @throws IOException if a file cannot be read or written
     */
    public static Read read(
            Path file,
            String filename,
            String mediaType,
            CaptionDefaults defaults,
            PictureSizes pictures,
            Path lines)
            throws IOException {
        try (InputStream in = plain(file)) {
            CaptionFormat format = format(in, filename, mediaType);
            boolean isAsItCame = format == CaptionFormat.JSON_LINES && defaults.isEmpty();
            CaptionRows rows =
                    format == CaptionFormat.JSON_LINES ? new JsonLineRows(in) : format.rows(in);
            JobParser parser =
                    JobParser.ofNewRows(
                            with(defaults, rows), "validation", Instant.EPOCH, pictures);
            List<CaptionCheck.Row> first = new ArrayList<>();
            int[] longest = {0};
            List<Problem> problems;
            try (OutputStream out = stream(isAsItCame ? null : lines)) {
                problems =
                        parser.validate(
                                line -> {
                                    if (first.size() < SHOWN_ROWS) {
                                        first.add(CaptionCheck.Row.of(line));
                                    }
                                    if (!isAsItCame) {
                                        byte[] named = parser.named(line);
                                        longest[0] = Math.max(longest[0], named.length);
                                        out.write(named);
                                        out.write('\n');
                                    }
                                });
            }
            CaptionCheck check =
                    new CaptionCheck(
                            format,
                            parser.captions(),
                            parser.candidates(),
                            rows.unusedColumns(),
                            first,
                            problems);
            Optional<Survey> survey =
                    longest[0] <= JsonLines.MAX_LINE_BYTES
                            ? Optional.of(Survey.of(parser, problems))
                            : Optional.empty();
            return new Read(check, isAsItCame ? file : lines, survey);
        } catch (ZipException e) {
            return Read.refused(List.of(brokenGzip(e)));
        } catch (IngestException e) {
            if (e.kind() == IngestException.Kind.UNAVAILABLE) {
                throw e;
            }
            return Read.refused(e.problems());
        }
    }

    static Problem brokenGzip(ZipException e) {
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
    static void requireJsonLines(Path file) throws IOException {
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

    /**
     * @param file null: what is written goes nowhere
     */
    private static OutputStream stream(Path file) throws IOException {
        return file == null
                ? OutputStream.nullOutputStream()
                : new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
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
