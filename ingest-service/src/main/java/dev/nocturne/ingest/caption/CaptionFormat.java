package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The formats that people keep captions in. What a file holds counts where it leaves no doubt, then
 * its name, then its media type.
 */
public enum CaptionFormat {
    /** an object a line */
    @JsonProperty("json_lines")
    JSON_LINES,
    /** see {@link JsonRows} */
    @JsonProperty("json")
    JSON,
    /** see {@link TableRows} */
    @JsonProperty("csv")
    CSV,
    /** see {@link TextRows} */
    @JsonProperty("text")
    TEXT;

    /** As much of a file as tells its format. */
    public static final int HEAD_BYTES = 1 << 16;

    private static final Map<String, CaptionFormat> BY_EXTENSION =
            Map.of(
                    "jsonl", JSON_LINES,
                    "ndjson", JSON_LINES,
                    "json", JSON,
                    "csv", CSV,
                    "tsv", CSV,
                    "tab", CSV,
                    "txt", TEXT,
                    "text", TEXT);

    private static final Map<String, CaptionFormat> BY_MEDIA_TYPE =
            Map.of(
                    "application/jsonl", JSON_LINES,
                    "application/x-ndjson", JSON_LINES,
                    "application/x-jsonlines", JSON_LINES,
                    "application/json", JSON,
                    "text/csv", CSV,
                    "text/tab-separated-values", CSV,
                    "application/vnd.ms-excel", CSV, // Windows' word for .csv
                    "text/plain", TEXT);

    /** A caption in brackets is none. */
    private static final Pattern JSON_START =
            Pattern.compile("\\{\\s*[\"}].*|\\[\\s*[\\[{\"\\]].*", Pattern.DOTALL);

    private static final JsonMapper STRICT = Json.strict().build();

    /**
     * @param head the first {@link #HEAD_BYTES} of the file, or all of it, decompressed
     * @param filename null if there is none
     * @param mediaType likewise
     * @return empty if it cannot be told
     * @throws IngestException INVALID if the file is of a format that is not read here; the message
     *     says what to do
     */
    public static Optional<CaptionFormat> of(byte[] head, String filename, String mediaType) {
        ForeignFormat foreign = ForeignFormat.of(head);
        if (foreign != null) {
            throw IngestException.invalid("file", foreign.advice(filename));
        }
        String text = text(head).strip();
        CaptionFormat named = BY_EXTENSION.get(extension(filename));
        CaptionFormat told = named == null ? BY_MEDIA_TYPE.get(bare(mediaType)) : named;
        if (JSON_START.matcher(text).matches()) {
            return Optional.of(json(text, told));
        }
        TableHeader header = TableRows.header(text.lines().findFirst().orElse(""));
        boolean isTable = told == TEXT ? header.hasOptions() : header.isTable();
        if (isTable && (told == TEXT || told == null)) {
            return Optional.of(CSV); // also as spreadsheets save "Unicode text"
        }
        if (told == null && (text.isEmpty() || text.startsWith("{"))) {
            return Optional.of(JSON_LINES); // the reader says what is wrong
        }
        return told == null && text.startsWith("[") ? Optional.of(JSON) : Optional.ofNullable(told);
    }

    private static CaptionFormat json(String text, CaptionFormat told) {
        String name = firstName(text);
        if (text.startsWith("[") || name != null && JsonRows.isCoco(name)) {
            return JSON;
        }
        Iterator<String> lines = text.lines().filter(line -> !line.isBlank()).iterator();
        boolean isWhole = isJson(lines.next()) || !lines.hasNext();
        boolean isLines = isWhole || lines.next().stripLeading().startsWith("{");
        return isLines || told == JSON_LINES ? JSON_LINES : JSON;
    }

    /** Of the first object; null if there is none. */
    private static String firstName(String text) {
        try (JsonParser json = STRICT.createParser(text)) {
            boolean isObject = json.nextToken() == JsonToken.START_OBJECT;
            return isObject && json.nextToken() == JsonToken.FIELD_NAME ? json.currentName() : null;
        } catch (IOException e) {
            return null;
        }
    }

    private static boolean isJson(String line) {
        try {
            STRICT.readTree(line);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static String text(byte[] head) {
        try {
            return DecodedText.of(new ByteArrayInputStream(head))
                    .lines()
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            throw new AssertionError("bytes in memory can be read", e);
        }
    }

    /** Of the file that is gzipped, if it is. */
    private static String extension(String filename) {
        String name = filename == null ? "" : filename.toLowerCase(Locale.ROOT);
        name = name.replaceFirst("\\.gz$", "");
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static String bare(String mediaType) {
        return mediaType == null
                ? ""
                : mediaType.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
    }

    /**
     * The rows of a file, but of JSON lines, which are read as they are.
     *
     * @param in decompressed
     * @throws IOException if it cannot be read
     */
    public CaptionRows rows(InputStream in) throws IOException {
        return switch (this) {
            case JSON -> new JsonRows(in);
            case CSV -> new TableRows(in);
            case TEXT -> new TextRows(in);
            case JSON_LINES -> throw new IllegalStateException("JSON lines have a reader");
        };
    }

    @Override
    public String toString() {
        return switch (this) {
            case JSON_LINES -> "JSON lines";
            case JSON -> "JSON of another shape";
            case CSV -> "CSV";
            case TEXT -> "text";
        };
    }
}
