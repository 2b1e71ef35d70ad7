package dev.nocturne.ingest.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.archive.JobFile;
import dev.nocturne.ingest.archive.JobLinks;
import dev.nocturne.ingest.caption.CaptionCheck;
import dev.nocturne.ingest.caption.CaptionJson;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.FinishEstimate;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobWindow;
import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.ingest.lag.LagHistory;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.result.DeadLetter;
import dev.nocturne.ingest.result.StoredRequest;
import dev.nocturne.ingest.webhook.WebhookEndpoints;
import dev.nocturne.ingest.webhook.WebhookEvent;
import dev.nocturne.runtime.Answers;
import dev.nocturne.runtime.RequestResult;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The document says what the code does: the same routes, the same fields. */
class OpenApiTest {

    private static final java.nio.file.Path CODE =
            java.nio.file.Path.of("src/main/java/dev/nocturne/ingest");

    private static JsonNode document;

    @BeforeAll
    static void read() throws IOException {
        try (InputStream in = OpenApiTest.class.getResourceAsStream("/openapi.json")) {
            document = new ObjectMapper().readTree(in);
        }
    }

    @Test
    void everyRouteIsDescribedAndNoOther() throws Exception {
        Set<String> described = new TreeSet<>();
        document.get("paths")
                .fields()
                .forEachRemaining(
                        path ->
                                path.getValue()
                                        .fieldNames()
                                        .forEachRemaining(
                                                verb -> described.add(verb + " " + path.getKey())));
        assertThat(described).isEqualTo(routes()).isNotEmpty();
    }

    private static Set<String> routes() throws Exception {
        Set<String> routes = new TreeSet<>();
        try (DirectoryStream<java.nio.file.Path> files =
                Files.newDirectoryStream(CODE.resolve("rest"), "*Resource.java")) {
            for (java.nio.file.Path file : files) {
                String name = file.getFileName().toString().replace(".java", "");
                Class<?> resource = Class.forName("dev.nocturne.ingest.rest." + name);
                String root = resource.getAnnotation(Path.class).value();
                for (Method method : resource.getDeclaredMethods()) {
                    Path path = method.getAnnotation(Path.class);
                    String route = path == null ? root : root + "/" + path.value();
                    route = route.replaceAll(": [^}]+}", "}"); // what a parameter may hold
                    if (method.isAnnotationPresent(GET.class)) {
                        routes.add("get " + route);
                    } else if (method.isAnnotationPresent(POST.class)) {
                        routes.add("post " + route);
                    } else if (method.isAnnotationPresent(DELETE.class)) {
                        routes.add("delete " + route);
                    }
                }
            }
        }
        return routes;
    }

    @Test
    void answersHaveTheFieldsThatAreDescribed() {
        assertFields("Batch", Batch.class);
        assertFields("Job", Job.class);
        assertFields("RequestResult", RequestResult.class);
        assertFields("LagReport", LagReport.class);
        assertFields("StageLag", LagReport.StageLag.class);
        assertFields("LagHistory", LagHistory.View.class);
        assertFields("Images", Answers.Images.class);
        assertFields("Picture", Answers.Picture.class);
        assertFields("Usage", Answers.Usage.class);
        assertFields("DeadLetter", DeadLetter.class);
        assertFields("Problem", Problem.class);
        assertFields("Link", JobLinks.Link.class);
        assertFields("JobFile", JobFile.class);
        assertFields("StoredRequest", StoredRequest.class);
        assertFields("Candidate", StoredRequest.Candidate.class);
        assertFields("WebhookEvent", WebhookEvent.class);
        assertFields("WebhookEndpoint", WebhookEndpoints.Endpoint.class);
        assertFields("RequestCounts", Batch.Counts.class);
        assertFields("CaptionCheck", CaptionCheck.class);
        assertFields("CaptionRow", CaptionCheck.Row.class);
        assertThat(names(document.at("/components/schemas/Job/properties/counts")))
                .isEqualTo(components(Job.Counts.class));
        assertThat(names(document.at("/components/schemas/StageLag/properties/lanes/items")))
                .isEqualTo(components(LagReport.LaneLag.class));
        for (String schema : List.of("Batch", "Job")) {
            String estimate =
                    "/components/schemas/%s/properties/estimated_finish".formatted(schema);
            assertThat(names(document.at(estimate))).isEqualTo(components(FinishEstimate.class));
        }
    }

    private static void assertFields(String schema, Class<?> record) {
        assertThat(names(document.at("/components/schemas/" + schema)))
                .as(schema)
                .isEqualTo(components(record));
    }

    private static List<String> names(JsonNode schema) {
        List<String> names = new ArrayList<>();
        schema.get("properties").fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static List<String> components(Class<?> record) {
        SnakeCaseStrategy snakeCase = new SnakeCaseStrategy();
        return Arrays.stream(record.getRecordComponents())
                .flatMap(
                        component ->
                                component.getAccessor().isAnnotationPresent(JsonUnwrapped.class)
                                        ? components(component.getType()).stream()
                                        : Stream.of(snakeCase.translate(component.getName())))
                .toList();
    }

    @Test
    void everyFieldOfABatchRequestIsAccepted() throws Exception {
        String body =
                """
                {"input_file_id":"file-1","endpoint":"/v1/images/generations",
                 "completion_window":"24h","metadata":{},"on_invalid":"skip",
                 "output_expires_after":{"anchor":"created_at","seconds":3600},"start_after":"2026-11-26T20:00:00Z",
                 "window":"22:00-06:00 Europe/Berlin","deadline":"2026-11-27T06:00:00+01:00",
                 "webdataset":true}""";
        JsonNode request = new ObjectMapper().readTree(body);
        assertThat(request.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrderElementsOf(
                        names(document.at("/components/schemas/BatchRequest")));
        assertThat(BatchRequest.parse(request).schedule())
                .isEqualTo(
                        new Schedule(
                                Instant.parse("2026-11-26T20:00:00Z"),
                                JobWindow.parse("22:00-06:00 Europe/Berlin"),
                                Instant.parse("2026-11-27T05:00:00Z")));
        assertThat(BatchRequest.parse(request).webdataset()).isTrue();
    }

    @Test
    void everyParameterOfAFileOfCaptionsIsDescribed() {
        for (String path : List.of("/v1/jobs", "/v1/captions/check")) {
            List<String> described = new ArrayList<>();
            for (JsonNode reference :
                    document.at("/paths/%s/post/parameters".formatted(path.replace("/", "~1")))) {
                String place = reference.get("$ref").textValue().substring(1);
                JsonNode parameter = document.at(place);
                if (parameter.get("in").textValue().equals("query")) {
                    described.add(parameter.get("name").textValue());
                }
            }
            List<String> expected = new ArrayList<>(SubmitParameters.names());
            expected.remove("image_prompt"); // too long for an address
            assertThat(described).as(path).containsExactlyInAnyOrderElementsOf(expected);
        }
        List<String> parts = new ArrayList<>(SubmitParameters.names());
        parts.set(parts.indexOf("filename"), "file"); // which has a name
        assertThat(names(document.at("/components/schemas/CaptionForm")))
                .containsExactlyInAnyOrderElementsOf(parts);
    }

    @Test
    void everyFieldOfARerankRequestIsAccepted() throws Exception {
        JsonNode body =
                document.at(
                        "/paths/~1v1~1jobs~1{id}~1rerank/post/requestBody/content/application~1json");
        JsonNode request = new ObjectMapper().readTree("{\"top\":2,\"rescore\":true}");
        assertThat(request.fieldNames())
                .toIterable()
                .containsExactlyElementsOf(names(body.get("schema")));
        assertThat(RerankRequest.parse(request)).isEqualTo(new RerankRequest(2, true));
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        List<String> references = document.findValuesAsText("$ref");
        assertThat(references)
                .isNotEmpty()
                .allSatisfy(
                        reference ->
                                assertThat(document.at(reference.substring(1)).isObject())
                                        .as(reference)
                                        .isTrue());
    }

    /** And the types of events are those that a batch can end with. */
    @Test
    void everyEndOfABatchIsDescribed() {
        List<String> types = new ArrayList<>();
        document.at("/components/schemas/WebhookEvent/properties/type/enum")
                .forEach(type -> types.add(type.textValue()));
        assertThat(types)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Job.Status.values())
                                .filter(Job.Status::isTerminal)
                                .map(status -> "batch." + status.name().toLowerCase(Locale.ROOT))
                                .toList());
        assertThat(names(document.at("/components/schemas/WebhookEvent/properties/data")))
                .isEqualTo(components(WebhookEvent.Data.class));
    }

    @Test
    void everyOperationSaysHowItRefuses() {
        for (Map.Entry<String, JsonNode> path : document.get("paths").properties()) {
            for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                assertThat(operation.getValue().at("/responses/default/$ref").asText())
                        .as("%s %s", operation.getKey(), path.getKey())
                        .isIn("#/components/responses/Refused", "#/components/responses/NotLetIn");
            }
        }
    }

    /** As those that read streams see it: a name and a text of JSON, one event after the other. */
    @Test
    void everyStreamIsOfEvents() throws Exception {
        List<JsonNode> streams = document.findValues("text/event-stream");
        assertThat(streams)
                .hasSize(3)
                .allSatisfy(
                        stream -> {
                            JsonNode event = stream.get("schema");
                            assertThat(names(event)).containsExactly("event", "data");
                            assertThat(event.get("required")).hasSize(2);
                            assertThat(event.at("/properties/data/type").asText())
                                    .isEqualTo("string");
                        });
        String feed = Files.readString(CODE.resolve("api/ChangeFeed.java"));
        assertThat(events("/v1/events", "get"))
                .containsExactlyInAnyOrderElementsOf(
                        Pattern.compile("send\\(subscription, \"([a-z-]+)\"")
                                .matcher(feed)
                                .results()
                                .map(name -> name.group(1))
                                .toList());
        assertThat(events("/v1/images/generations", "post"))
                .containsExactly(
                        "image_generation.partial_image", "image_generation.completed", "error");
        assertThat(events("/v1/images/edits", "post"))
                .containsExactly("image_edit.partial_image", "image_edit.completed", "error");
    }

    private static List<String> events(String path, String method) {
        List<String> names = new ArrayList<>();
        document.at(
                        "/paths/%s/%s/responses/200/content/text~1event-stream/schema/properties/event/enum"
                                .formatted(path.replace("/", "~1"), method))
                .forEach(name -> names.add(name.textValue()));
        return names;
    }

    @Test
    void everyFormOfAnAnswerIsAcceptedInABatchToo() throws Exception {
        JsonNode formats =
                document.at(
                        "/components/schemas/ImageRequest/properties/response_format/anyOf/0/enum");
        assertThat(formats).hasSize(CaptionJson.AnswerFormat.values().length);
        for (JsonNode format : formats) {
            String line = "{\"body\":{\"prompt\":\"a\",\"response_format\":%s}}".formatted(format);
            JobParser parser =
                    new JobParser(
                            new ByteArrayInputStream(line.getBytes()), "job-1", Instant.EPOCH);
            assertThat(parser.validate()).as(line).isEmpty();
        }
    }

    @Test
    void everyFieldOfAnImageRequestIsAccepted() throws Exception {
        for (String name : names(document.at("/components/schemas/ImageRequest"))) {
            String line = "{\"body\":{\"%s\":null}}".formatted(name);
            JobParser parser =
                    new JobParser(
                            new ByteArrayInputStream(line.getBytes()), "job-1", Instant.EPOCH);
            assertThat(parser.validate())
                    .extracting(Problem::code)
                    .as(name)
                    .doesNotContain("unknown_field");
        }
    }
}
