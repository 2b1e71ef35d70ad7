package dev.nocturne.ingest.api;

import static java.math.BigInteger.ONE;
import static java.math.BigInteger.TEN;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.CaptionJson;
import dev.nocturne.ingest.caption.ImageParameters;
import dev.nocturne.schemas.CaptionRules;
import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.Violation;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A request that the document's schemas take is taken, and one that they refuse is refused. */
class DescribedRequestsTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final SchemaRegistry SCHEMAS =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private static final String BATCH =
            "{\"input_file_id\":\"file-1\",\"endpoint\":\"/v1/images/generations\",\"completion_window\":\"24h\"}";
    private static final String IMAGE = "{\"prompt\":\"a\"}";
    private static final String FILE = "{\"file\":\"a\"}";

    /** What an option at one of its bounds needs beside it. */
    private static final Map<String, Map<String, Object>> COMPANIONS =
            Map.of(
                    "n", Map.of("candidates", 512),
                    "output_compression", Map.of("output_format", "jpeg"),
                    "image_prompt_rows", Map.of("image_prompt", "AAAA", "image_prompt_columns", 1),
                    "image_prompt_columns", Map.of("image_prompt", "AAAA", "image_prompt_rows", 1));

    private static JsonNode document;

    @BeforeAll
    static void read() throws IOException {
        try (InputStream in = DescribedRequestsTest.class.getResourceAsStream("/openapi.json")) {
            document = JSON.readTree(in);
        }
    }

    private static boolean isDescribed(String schema, JsonNode request) {
        ObjectNode root = JSON.createObjectNode().put("$ref", "#/components/schemas/" + schema);
        root.set("components", document.get("components"));
        return SCHEMAS.getSchema(root).validate(request).isEmpty();
    }

    private static boolean isTaken(Runnable request) {
        try {
            request.run();
            return true;
        } catch (IngestException e) {
            assertThat(e.kind()).isEqualTo(IngestException.Kind.INVALID);
            return false;
        }
    }

    private static boolean isBatch(JsonNode request) {
        return isTaken(() -> BatchRequest.parse(request));
    }

    private static boolean isImage(JsonNode request) {
        List<Violation> wrong = new ArrayList<>();
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder().setCustomId("a").setSubmittedAt(Instant.EPOCH);
        ImageParameters parameters =
                CaptionJson.readBody((ObjectNode) request.deepCopy(), caption, wrong);
        return wrong.isEmpty() && parameters.refused().isEmpty();
    }

    private static boolean isForm(JsonNode form) {
        Map<String, String> parameters = new HashMap<>();
        form.properties().forEach(one -> parameters.put(one.getKey(), one.getValue().asText()));
        parameters.remove("file");
        return isTaken(() -> SubmitParameters.parse(parameters));
    }

    private static ObjectNode with(String request, String more) throws IOException {
        return ((ObjectNode) JSON.readTree(request)).setAll((ObjectNode) JSON.readTree(more));
    }

    private static void assertSame(
            String schema, JsonNode request, Predicate<JsonNode> service, boolean good) {
        assertThat(service.test(request)).as("taken: %s", request).isEqualTo(good);
        assertThat(isDescribed(schema, request)).as("%s: %s", schema, request).isEqualTo(good);
    }

    // ---- null

    /** As at OpenAI, whose clients send it for what they are not told. */
    @Test
    void nullIsAsLeftOut() throws IOException {
        assertNulls("BatchRequest", BATCH, DescribedRequestsTest::isBatch);
        assertNulls("ImageRequest", IMAGE, DescribedRequestsTest::isImage);
    }

    private static void assertNulls(String schema, String least, Predicate<JsonNode> service)
            throws IOException {
        JsonNode described = document.at("/components/schemas/" + schema);
        List<String> required = new ArrayList<>();
        described.get("required").forEach(name -> required.add(name.textValue()));
        for (Map.Entry<String, JsonNode> field : described.get("properties").properties()) {
            ObjectNode request = ((ObjectNode) JSON.readTree(least)).putNull(field.getKey());
            assertSame(schema, request, service, !required.contains(field.getKey()));
        }
    }

    // ---- texts

    @Test
    void whatMetadataMayHoldIsDescribed() {
        JsonNode metadata = document.at("/components/schemas/BatchRequest/properties/metadata");
        for (String part : List.of("propertyNames", "additionalProperties")) {
            Pattern described = Pattern.compile(metadata.at("/" + part + "/pattern").textValue());
            characters()
                    .forEach(
                            text ->
                                    assertThat(described.matcher(text).matches())
                                            .as("%s: U+%04X", part, text.codePointAt(1))
                                            .isEqualTo(PlainText.fault(text).isEmpty()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ImageRequest", "ImageEdit"})
    void whatAPromptMayHoldIsDescribed(String schema) {
        JsonNode prompt = document.at("/components/schemas/%s/properties/prompt".formatted(schema));
        Pattern described = Pattern.compile(prompt.get("pattern").textValue());
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder().setCustomId("a").setSubmittedAt(Instant.EPOCH);
        characters()
                .flatMap(text -> Stream.of(text, text.substring(1)))
                .forEach(
                        text ->
                                assertThat(described.matcher(text).matches())
                                        .as("%s: %s", text, text.codePoints().boxed().toList())
                                        .isEqualTo(
                                                CaptionRules.validate(
                                                                caption.setCaption(
                                                                                PlainText.onOneLine(
                                                                                        text))
                                                                        .build())
                                                        .isEmpty()));
    }

    /** A letter with each character behind; half a surrogate pair is none. */
    private static Stream<String> characters() {
        return IntStream.concat(IntStream.range(0, 0x10000), IntStream.of(0x1F600, 0x10FFFF))
                .filter(one -> Character.getType(one) != Character.SURROGATE)
                .mapToObj(one -> "a" + Character.toString(one));
    }

    @ParameterizedTest
    @CsvSource({
        "a, 64, a, 512, true",
        "a, 65, a, 512, false",
        "a, 64, a, 513, false",
        "\uD83D\uDE00, 64, \uD83D\uDE00, 512, true",
        "a, 1, '', 0, true",
        "'\u001B', 1, a, 1, false",
        "a, 1, '\u007F', 1, false",
    })
    void metadataHasBounds(String key, int keys, String value, int values, boolean good)
            throws IOException {
        ObjectNode request = (ObjectNode) JSON.readTree(BATCH);
        request.putObject("metadata").put(key.repeat(keys), value.repeat(values));
        assertSame("BatchRequest", request, DescribedRequestsTest::isBatch, good);
    }

    @ParameterizedTest
    @CsvSource({"16, true", "17, false"})
    void metadataHasAFewPairs(int pairs, boolean good) throws IOException {
        ObjectNode request = (ObjectNode) JSON.readTree(BATCH);
        ObjectNode metadata = request.putObject("metadata");
        IntStream.range(0, pairs).forEach(one -> metadata.put("key " + one, "value"));
        assertSame("BatchRequest", request, DescribedRequestsTest::isBatch, good);
    }

    // ---- windows

    @ParameterizedTest
    @CsvSource({
        "604800s, true",
        "604801s, false",
        "10080m, true",
        "10081m, false",
        "168h, true",
        "169h, false",
        "7d, true",
        "8d, false",
        "0s, false",
        "007d, false",
        "null, false",
    })
    void aCompletionWindowIsAWeekAtMost(String window, boolean good) throws IOException {
        ObjectNode batch = with(BATCH, "{}").put("completion_window", window);
        assertSame("BatchRequest", batch, DescribedRequestsTest::isBatch, good);
        ObjectNode form = with(FILE, "{}").put("completion_window", window);
        assertSame("CaptionForm", form, DescribedRequestsTest::isForm, good);
    }

    // ---- numbers

    /** Also as 4.0, which is an integer to JSON Schema. */
    @Test
    void integersHaveBounds() throws IOException {
        assertBounds("ImageRequest", IMAGE, "", DescribedRequestsTest::isImage);
        String batch = BATCH.replace("}", ",\"output_expires_after\":{\"anchor\":\"created_at\"}}");
        assertBounds(
                "BatchRequest", batch, "/output_expires_after", DescribedRequestsTest::isBatch);
    }

    private static void assertBounds(
            String schema, String least, String within, Predicate<JsonNode> service)
            throws IOException {
        JsonNode fields =
                document.at(
                        "/components/schemas/%s%s/properties"
                                .formatted(schema, within.replaceFirst("^/", "/properties/")));
        for (Map.Entry<String, JsonNode> field : fields.properties()) {
            String type = field.getValue().path("type").toString();
            if (!type.contains("integer")) {
                continue;
            }
            BigInteger from = field.getValue().get("minimum").bigIntegerValue();
            BigInteger to = field.getValue().get("maximum").bigIntegerValue();
            for (BigInteger number :
                    List.of(from.subtract(ONE), from, to, to.add(ONE), TEN.pow(30))) {
                boolean good = number.compareTo(from) >= 0 && number.compareTo(to) <= 0;
                JsonNode request = JSON.readTree(least);
                ObjectNode target = (ObjectNode) request.at(within);
                target.setAll(
                        (ObjectNode)
                                JSON.valueToTree(
                                        COMPANIONS.getOrDefault(field.getKey(), Map.of())));
                target.put(field.getKey(), number);
                assertSame(schema, request, service, good);
                if (number.bitLength() < Integer.SIZE) {
                    target.put(field.getKey(), number.doubleValue());
                    assertSame(schema, request, service, good);
                }
            }
        }
    }

    // ---- options that need each other

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'output_compression': 50}                                | false",
                "{'output_compression': 50, 'output_format': 'png'}        | false",
                "{'output_compression': 50, 'output_format': 'jpeg'}       | true",
                "{'output_compression': 0, 'output_format': 'webp'}        | true",
                "{'output_compression': 100}                               | true",
                "{'output_compression': 100, 'output_format': 'png'}       | true",
            })
    void onlyWhatLosesSomethingIsCompressed(String options, boolean good) throws IOException {
        ObjectNode request = with(IMAGE, options.replace('\'', '"'));
        assertSame("ImageRequest", request, DescribedRequestsTest::isImage, good);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'output_compression': null, 'output_format': null}                             | true",
                "{'output_compression': 50, 'output_format': null}                               | false",
                "{'image_prompt': 'AAAA'}                                                        | false",
                "{'image_prompt': 'AAAA', 'image_prompt_rows': 0, 'image_prompt_columns': 0}     | false",
                "{'image_prompt': 'AAAA', 'image_prompt_rows': null, 'image_prompt_columns': 0}  | false",
                "{'image_prompt': 'AAAA', 'image_prompt_rows': 1}                                | true",
                "{'image_prompt': 'AAAA', 'image_prompt_columns': 1}                             | true",
                "{'image_prompt': 'AAAA', 'image_prompt_rows': 0, 'image_prompt_columns': 1}     | true",
                "{'image_prompt': 'AAAA', 'image_prompt_rows': 2, 'image_prompt_columns': 1}     | true",
                "{'image_prompt': null, 'image_prompt_rows': 0, 'image_prompt_columns': null}    | true",
                "{'image_prompt': null, 'image_prompt_rows': 1}                                  | false",
                "{'image_prompt_rows': 0}                                                        | true",
                "{'image_prompt_rows': 1}                                                        | false",
                "{'image_prompt_columns': 1}                                                     | false",
            })
    void aPictureAndWhatIsKeptOfItComeTogether(String options, boolean good) throws IOException {
        ObjectNode request = with(IMAGE, options.replace('\'', '"'));
        assertSame("ImageRequest", request, DescribedRequestsTest::isImage, good);
    }

    @Test
    void aPartOfAFormIsDescribedAsTheParameterOfItsName() {
        JsonNode parts = document.at("/components/schemas/CaptionForm/properties");
        for (JsonNode parameter : document.at("/components/parameters")) {
            String name = parameter.get("name").textValue();
            if (parameter.get("in").textValue().equals("query") && !name.equals("filename")) {
                ObjectNode part = parts.get(name).deepCopy();
                ObjectNode schema = parameter.get("schema").deepCopy();
                assertThat(part.<ObjectNode>without("description"))
                        .as(name)
                        .isEqualTo(schema.<ObjectNode>without("description"));
            }
        }
    }
}
