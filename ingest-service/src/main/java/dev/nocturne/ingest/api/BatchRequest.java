package dev.nocturne.ingest.api;

import static dev.nocturne.ingest.api.RequestBody.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.JobCreated;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.CaptionJson;
import dev.nocturne.ingest.file.ExpiresAfter;
import dev.nocturne.ingest.job.CompletionWindow;
import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Sha256;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The body of a request for a batch.
 *
 * @param window how long the batch may take
 * @param schedule when it may run and should be finished
 * @param webdataset whether its pictures are packed into archives, too
 * @param outputExpiresAfter of the files of its answers; null: they stay
 * @param digest SHA-256 of the body, whatever the order of its fields
 */
record BatchRequest(
        String inputFileId,
        boolean skipInvalid,
        String completionWindow,
        Duration window,
        Map<String, String> metadata,
        Schedule schedule,
        boolean webdataset,
        ExpiresAfter outputExpiresAfter,
        String digest) {

    private static final int MAX_METADATA = 16;
    private static final int MAX_METADATA_KEY_CHARS = 64;
    private static final int MAX_METADATA_VALUE_CHARS = 512;

    private static final Set<String> FIELDS =
            Set.of(
                    "input_file_id",
                    "endpoint",
                    "completion_window",
                    "metadata",
                    "on_invalid",
                    "output_expires_after",
                    "start_after",
                    "window",
                    "deadline",
                    "webdataset");

    private static final JsonMapper SORTED =
            JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();

    /**
     * @throws IngestException INVALID
     */
    static BatchRequest parse(JsonNode json) {
        RequestBody body = RequestBody.parse(json, FIELDS);
        String endpoint = body.text("endpoint");
        require(
                endpoint.equals(CaptionJson.ENDPOINT),
                "endpoint",
                "endpoint is '%s': must be '%s'"
                        .formatted(Excerpt.of(endpoint), CaptionJson.ENDPOINT));
        String onInvalid = body.has("on_invalid") ? body.text("on_invalid") : "fail";
        require(
                Set.of("fail", "skip").contains(onInvalid),
                "on_invalid",
                "on_invalid is '%s': must be 'fail' or 'skip'".formatted(Excerpt.of(onInvalid)));
        String window = body.text("completion_window");
        return new BatchRequest(
                body.text("input_file_id"),
                onInvalid.equals("skip"),
                window,
                CompletionWindow.parse(window),
                metadata(body.json().get("metadata")),
                Schedule.parse(
                        body.optional("start_after"),
                        body.optional("window"),
                        body.optional("deadline")),
                body.flag("webdataset"),
                ExpiresAfter.parse("output_expires_after", json.get("output_expires_after")),
                digest(body.json()));
    }

    private static Map<String, String> metadata(JsonNode node) {
        Map<String, String> metadata = new TreeMap<>();
        if (node == null || node.isNull()) {
            return metadata;
        }
        require(
                node.isObject(),
                "metadata",
                "metadata is %s: must be an object".formatted(Excerpt.of(node.toString())));
        node.fields()
                .forEachRemaining(
                        field -> {
                            String key = field.getKey();
                            require(
                                    chars(key) <= MAX_METADATA_KEY_CHARS
                                            && field.getValue().isTextual()
                                            && chars(field.getValue().textValue())
                                                    <= MAX_METADATA_VALUE_CHARS,
                                    "metadata",
                                    "metadata '%s': a key has at most %d characters, a value is a string of at most %d"
                                            .formatted(
                                                    Excerpt.of(key),
                                                    MAX_METADATA_KEY_CHARS,
                                                    MAX_METADATA_VALUE_CHARS));
                            requirePlain(key, key);
                            requirePlain(key, field.getValue().textValue());
                            metadata.put(key, field.getValue().textValue());
                        });
        require(
                metadata.size() <= MAX_METADATA,
                "metadata",
                "metadata has %d pairs: at most %d".formatted(metadata.size(), MAX_METADATA));
        return metadata;
    }

    /** As JSON Schema and people count them: one of two {@code char} is one. */
    private static int chars(String text) {
        return text.codePointCount(0, text.length());
    }

    private static void requirePlain(String key, String text) {
        PlainText.fault(text)
                .ifPresent(
                        fault -> {
                            throw IngestException.invalid(
                                    "metadata",
                                    "metadata '%s' holds %s: send plain text"
                                            .formatted(Excerpt.of(key), fault));
                        });
    }

    /**
     * The beginning of the job that is asked for.
     *
     * @param now in milliseconds
     * @param idempotencyKey null if there is none
     * @param apiUrl of this API as the caller knows it, ends with a slash
     */
    JobCreated created(IdSource.Owned job, Instant now, String idempotencyKey, String apiUrl) {
        return new JobCreated(
                inputFileId,
                skipInvalid,
                completionWindow,
                now.plus(window),
                metadata,
                apiUrl,
                idempotencyKey,
                idempotencyKey == null ? null : digest,
                schedule.startAfter(),
                schedule.window() == null ? null : schedule.window().toString(),
                schedule.deadline(),
                null,
                webdataset,
                job.token(),
                SeedSchemes.FIRST_IS_OWN,
                outputExpiresAfter == null ? null : outputExpiresAfter.seconds());
    }

    /** SHA-256 of a request, whatever the order of its fields. */
    static String digest(ObjectNode body) {
        try {
            // a tree keeps the order it was written in, maps are sorted
            String sorted = SORTED.writeValueAsString(SORTED.treeToValue(body, Map.class));
            return Sha256.hex(sorted.getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new AssertionError("JSON is JSON", e);
        }
    }
}
