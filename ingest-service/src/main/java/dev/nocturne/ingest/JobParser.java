package dev.nocturne.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.schemas.Violation;
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

/**
 * JSONL to captions: UTF-8, one JSON object a line, blank lines skipped. The whole file is read
 * before anything is accepted, and every bad line is reported, up to {@link #MAX_PROBLEMS}.
 */
final class JobParser {

    static final int MAX_CAPTIONS = 50_000;
    static final int MAX_PROBLEMS = 100;

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build();

    private final String jobId;
    private final Instant submittedAt;
    private final List<CaptionSubmitted> captions = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();
    private final Map<String, Integer> lineByCustomId = new HashMap<>();

    private JobParser(String jobId, Instant submittedAt) {
        this.jobId = jobId;
        this.submittedAt = submittedAt;
    }

    /**
     * @return at least one caption, each valid, custom ids unique
     * @throws IngestException INVALID with the problems found, or TOO_LARGE
     * @throws IOException if {@code jsonl} cannot be read
     */
    static List<CaptionSubmitted> parse(InputStream jsonl, String jobId, Instant submittedAt)
            throws IOException {
        JobParser parser = new JobParser(jobId, submittedAt);
        JsonLines lines = new JsonLines(jsonl);
        for (byte[] line = lines.next(); line != null; line = lines.next()) {
            parser.readLine(lines.number(), line);
            if (parser.problems.size() >= MAX_PROBLEMS) {
                break;
            }
        }
        if (parser.captions.isEmpty() && parser.problems.isEmpty()) {
            parser.report(null, "empty_job", "no captions: send one JSON object a line");
        }
        if (!parser.problems.isEmpty()) {
            throw new IngestException(IngestException.Kind.INVALID, parser.problems);
        }
        return parser.captions;
    }

    private void readLine(int number, byte[] utf8) {
        String text;
        try {
            // a new decoder reports malformed input; String's own constructor would hide it
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            report(number, "invalid_utf8", "the line is not UTF-8: save the file as UTF-8");
            return;
        }
        if (text.isBlank()) {
            return;
        }
        if (captions.size() == MAX_CAPTIONS) {
            throw IngestException.tooLarge(
                    number, "more than %d captions: split the file".formatted(MAX_CAPTIONS));
        }
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            report(
                    number,
                    "invalid_json",
                    "broken JSON (%s): send one JSON object a line"
                            .formatted(excerpt(e.getOriginalMessage())));
            return;
        }
        if (json instanceof ObjectNode object) {
            readObject(number, object);
        } else {
            report(
                    number,
                    "invalid_json",
                    "%s is not an object: send one JSON object a line"
                            .formatted(excerpt(json.toString())));
        }
    }

    private void readObject(int number, ObjectNode object) {
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder()
                        .setJobId(jobId)
                        .setCustomId("line-" + number)
                        .setSubmittedAt(submittedAt);
        for (Violation violation : CaptionJson.read(object, caption)) {
            problems.add(
                    new Problem(number, violation.param(), violation.code(), violation.message()));
        }
        String customId = caption.getCustomId();
        Integer earlier = lineByCustomId.putIfAbsent(customId, number);
        if (earlier != null) {
            problems.add(
                    new Problem(
                            number,
                            "custom_id",
                            "duplicate_custom_id",
                            "custom_id '%s' is already on line %d: make it unique"
                                    .formatted(excerpt(customId), earlier)));
        }
        captions.add(caption.build());
    }

    private void report(Integer line, String code, String message) {
        problems.add(new Problem(line, null, code, message));
    }

    /** Fit for a one-line message. */
    static String excerpt(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= 100 ? line : line.substring(0, 100) + "…";
    }
}
