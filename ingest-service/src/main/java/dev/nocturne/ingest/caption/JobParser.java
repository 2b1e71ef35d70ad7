package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestRef;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Json;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.caption.CaptionRows.Place;
import dev.nocturne.ingest.caption.CaptionRows.Row;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.CaptionRules;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Violation;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipException;

/**
 * Rows to captions, one at a time; of JSON lines, gzipped or not, unless others are given. The same
 * file gives the same lines on every reading.
 */
public final class JobParser {

    public static final int MAX_CAPTIONS = 100_000;

    /** Reported of one file. */
    static final int MAX_PROBLEMS = 100;

    private static final int[] GZIP = {0x1f, 0x8b};

    private static final JsonMapper JSON = Json.strict().build();

    /**
     * A line that is not blank.
     *
     * @param number 1-based
     * @param customId the submitter's; {@code line-} and the number where there is no good one
     * @param requestId of a bad line, too, and then of it alone
     * @param caption null if the line is bad
     * @param format how its pictures come back; of a bad line it means nothing
     * @param problems empty if the line is good
     */
    public record Line(
            int number,
            String customId,
            String requestId,
            CaptionSubmitted caption,
            CaptionJson.AnswerFormat format,
            List<Problem> problems) {

        public boolean isGood() {
            return caption != null;
        }

        /** Of a good line. */
        public RequestRef request() {
            return new RequestRef(caption.getJobId(), requestId, customId, caption.getCaption());
        }

        /** Puts the token of its job into the caption of a good line; null: the job has none. */
        public Line withToken(String token) {
            caption.put("jobToken", token);
            return this;
        }
    }

    private final CaptionRows rows;
    private final String jobId;
    private final Instant submittedAt;
    private final Map<Long, Place> placeByRequestId; // its 16 digits as a number; null: not kept
    private final PictureSizes pictures; // null: the file was accepted before
    private ObjectNode object; // of the line that was returned last
    private int count;
    private int captions;
    private long candidates;
    private String firstCaption;

    /**
     * @param jsonl not closed here
     * @throws IOException if {@code jsonl} cannot be read
     */
    public JobParser(InputStream jsonl, String jobId, Instant submittedAt) throws IOException {
        this(new JsonLineRows(plain(jsonl)), jobId, submittedAt, new HashMap<>(), null);
    }

    /**
     * Reads a file that comes in, and also refuses what the model does not have.
     *
     * @throws IOException if {@code jsonl} cannot be read
     */
    public static JobParser ofNewFile(
            InputStream jsonl, String jobId, Instant submittedAt, PictureSizes pictures)
            throws IOException {
        return ofNewRows(new JsonLineRows(plain(jsonl)), jobId, submittedAt, pictures);
    }

    /** Reads rows of any format likewise. */
    static JobParser ofNewRows(
            CaptionRows rows, String jobId, Instant submittedAt, PictureSizes pictures) {
        return new JobParser(rows, jobId, submittedAt, new HashMap<>(), pictures);
    }

    private JobParser(
            CaptionRows rows,
            String jobId,
            Instant submittedAt,
            Map<Long, Place> placeByRequestId,
            PictureSizes pictures) {
        this.rows = rows;
        this.jobId = jobId;
        this.submittedAt = submittedAt;
        this.placeByRequestId = placeByRequestId;
        this.pictures = pictures;
    }

    /**
     * Of a file that is known to be good; remembers nothing of the lines.
     *
     * @throws IOException if {@code jsonl} cannot be read
     */
    public static JobParser ofGoodFile(InputStream jsonl, String jobId, Instant submittedAt)
            throws IOException {
        return new JobParser(new JsonLineRows(plain(jsonl)), jobId, submittedAt, null, null);
    }

    /**
     * The bytes of the lines, whether they come gzipped or not.
     *
     * @throws ZipException if they come in broken gzip; so do the stream's own methods
     */
    public static InputStream plain(InputStream in) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(in, 1 << 16);
        buffered.mark(GZIP.length);
        boolean gzip = buffered.read() == GZIP[0] && buffered.read() == GZIP[1];
        buffered.reset();
        return gzip ? GzipMembers.open(buffered) : buffered;
    }

    /** Takes the good lines of a file. */
    interface GoodLines {
        void take(Line line) throws IOException;
    }

    /** As {@link #validate(GoodLines)}, for what is wrong alone. */
    public List<Problem> validate() throws IOException {
        return validate(line -> {});
    }

    /**
     * Reads all lines.
     *
     * @return what is wrong with the file, at most {@link #MAX_PROBLEMS}; empty if it is good
     * @throws IngestException TOO_LARGE
     * @throws IOException if it cannot be read, or the reader's
     */
    public List<Problem> validate(GoodLines reader) throws IOException {
        List<Problem> problems = new ArrayList<>();
        for (Line line = next(); line != null; line = next()) {
            line.problems().stream().limit(MAX_PROBLEMS - problems.size()).forEach(problems::add);
            if (line.isGood()) {
                reader.take(line);
            }
        }
        if (count == 0) {
            problems.add(
                    new Problem(
                            null,
                            null,
                            "empty_job",
                            "no captions: the file says nothing to paint"));
        }
        return problems;
    }

    /** Lines so far, good and bad. */
    public int count() {
        return count;
    }

    /** Good lines so far. */
    public int captions() {
        return captions;
    }

    /** Of the good lines so far. */
    public long candidates() {
        return candidates;
    }

    /** Of the good lines so far; null if there is none. */
    public String firstCaption() {
        return firstCaption;
    }

    /**
     * @return null after the last line
     * @throws IngestException TOO_LARGE
     * @throws IOException if the file cannot be read
     */
    public Line next() throws IOException {
        Row row = rows.next();
        if (row == null) {
            return null;
        }
        object = row.object();
        countLine(row.place().line());
        return row.fault() == null
                ? line(row.place())
                : bad(
                        row.place(),
                        defaultCustomId(row.place().line()),
                        List.of(problem(row.place(), row.fault())));
    }

    /**
     * The good line that {@link #next} returned last, as a line of JSON, with its custom id even if
     * it had none there: elsewhere its number would be another.
     */
    public byte[] named(Line line) throws IOException {
        return JSON.writeValueAsBytes(object.put("custom_id", line.customId()));
    }

    /**
     * @return null for a blank line
     * @throws PermanentException {@code invalid_utf8} or {@code invalid_json}
     */
    static ObjectNode object(byte[] line) {
        String text;
        try {
            // a new decoder reports malformed input; String's own constructor would hide it
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
        } catch (CharacterCodingException e) {
            throw new PermanentException(
                    "invalid_utf8", "the line is not UTF-8: save the file as UTF-8", e);
        }
        if (text.isBlank()) {
            return null;
        }
        try {
            JsonNode json = JSON.readTree(text);
            if (json instanceof ObjectNode object) {
                return object;
            }
            throw new PermanentException(
                    "invalid_json",
                    "%s is not an object: send one JSON object a line"
                            .formatted(Excerpt.of(json.toString())));
        } catch (JsonProcessingException e) {
            throw new PermanentException(
                    "invalid_json",
                    "broken JSON (%s): send one JSON object a line".formatted(Json.fault(e)),
                    e);
        }
    }

    private void countLine(int number) {
        count++;
        if (count > MAX_CAPTIONS) {
            throw IngestException.tooLarge(
                    number, "more than %d captions: split the file".formatted(MAX_CAPTIONS));
        }
    }

    private Line line(Place place) {
        int number = place.line();
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder()
                        .setJobId(jobId)
                        .setCustomId(defaultCustomId(number))
                        .setSubmittedAt(submittedAt);
        List<Violation> wrong = new ArrayList<>();
        ImageParameters imageParameters = CaptionJson.readLine(object, caption, wrong);
        if (pictures != null) {
            wrong.addAll(imageParameters.checkLine(object, pictures));
        }
        String customId = caption.getCustomId();
        String requestId = Ids.requestId(jobId, customId);
        Place earlier =
                placeByRequestId == null
                        ? null
                        : placeByRequestId.putIfAbsent(RequestNumber.of(requestId), place);
        if (earlier != null) {
            wrong.add(
                    new Violation(
                            "custom_id",
                            "duplicate_custom_id",
                            "custom_id '%s' is already %s: make it unique"
                                    .formatted(Excerpt.of(customId), earlier)));
        }
        if (!wrong.isEmpty()) {
            return bad(
                    place,
                    customId,
                    wrong.stream().map(violation -> problem(place, violation)).toList());
        }
        captions++;
        CaptionSubmitted built = caption.build(); // has the defaults, which the builder has not
        candidates += built.getOptions().getCandidates();
        firstCaption = firstCaption == null ? built.getCaption() : firstCaption;
        return new Line(
                number, customId, requestId, built, imageParameters.answerFormat(), List.of());
    }

    private static Problem problem(Place place, Violation violation) {
        return new Problem(
                place.line(),
                violation.param(),
                violation.code(),
                place.prefix() + violation.message());
    }

    private Line bad(Place place, String customId, List<Problem> problems) {
        int number = place.line();
        return new Line(
                number,
                CaptionRules.isCustomId(customId) ? customId : defaultCustomId(number),
                badRequestId(jobId, number),
                null,
                CaptionJson.AnswerFormat.URL,
                problems);
    }

    /** No custom id has a line feed, so this one is nobody else's. */
    public static String badRequestId(String jobId, int number) {
        return Ids.requestId(jobId, "\n" + number);
    }

    private static String defaultCustomId(int number) {
        return "line-" + number;
    }
}
