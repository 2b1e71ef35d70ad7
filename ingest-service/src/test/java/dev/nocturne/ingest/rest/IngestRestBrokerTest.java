package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.Failure;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.lag.LagHistory;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.runtime.DeadLetters;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topics;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The API as its users see it, over HTTP. */
@QuarkusTest
@QuarkusTestResource(EmbeddedServers.class)
class IngestRestBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final SnakeCaseStrategy SNAKE_CASE = new SnakeCaseStrategy();

    @TestHTTPResource("/")
    URI root;

    @ConfigProperty(name = "nocturne.kafka.bootstrap-servers")
    String bootstrapServers;

    @ConfigProperty(name = "nocturne.s3.endpoint")
    String endpoint;

    @ConfigProperty(name = "nocturne.s3.access-key")
    String accessKey;

    @ConfigProperty(name = "nocturne.s3.secret-key")
    String secretKey;

    private final HttpClient http = HttpClient.newHttpClient();

    @BeforeEach
    void awaitReady() {
        await().atMost(PATIENCE).until(() -> get("q/health/ready").statusCode() == 200);
    }

    @Test
    void aJobFromSubmissionToResults() throws Exception {
        HttpResponse<String> accepted = post("{\"custom_id\":\"x\",\"prompt\":\"a red heart\"}");
        assertThat(accepted.statusCode()).isEqualTo(202);
        JsonNode job = JSON.readTree(accepted.body());
        String id = job.get("id").textValue();
        assertThat(accepted.headers().firstValue("location"))
                .hasValueSatisfying(location -> assertThat(location).endsWith("/v1/jobs/" + id));
        assertThat(job.get("status").textValue()).isEqualTo("in_progress");
        assertThat(job.get("counts")).isEqualTo(JSON.valueToTree(new Job.Counts(1, 0, 0, 0, 0, 1)));
        assertThat(Instant.parse(job.get("submitted_at").textValue())).isBefore(Instant.now());
        JsonNode eta = job.get("eta_seconds"); // null unless another test has painted before
        assertThat(eta.isNull() || eta.doubleValue() > 0).isTrue();
        assertThat(delete("v1/jobs/" + id).statusCode()).as("it is open").isEqualTo(409);

        finish(id, "x");

        await().atMost(PATIENCE)
                .until(() -> json("v1/jobs/" + id).get("status").asText().equals("completed"));
        assertThat(json("v1/jobs").findValuesAsText("id")).contains(id);
        itIsFoundByItsCaption(id);
        JsonNode result = json("v1/jobs/" + id + "/results").get(0);
        assertThat(result.get("custom_id").textValue()).isEqualTo("x");
        assertThat(result.get("status").textValue()).isEqualTo("completed");
        assertThat(result.get("images").get(0).get("seed").textValue())
                .as("more than a double holds")
                .isEqualTo(Long.toString(Long.MAX_VALUE - 1));
        assertThat(result.get("images").get(0).get("log_probability").doubleValue())
                .isEqualTo(-7.5);
        itsFilesHaveLinks(id);
        itCanBeDeleted(id);
    }

    @Test
    void noOtherSiteShowsAnAnswerOrHoldsOnToItsWindow() throws Exception {
        for (String path : List.of("", "v1/jobs", "v1/images/a/b/c.png", "q/health/live")) {
            assertThat(get(path).headers().map())
                    .containsEntry("cross-origin-resource-policy", List.of("same-origin"))
                    .containsEntry("cross-origin-opener-policy", List.of("same-origin"));
        }
    }

    private void itCanBeDeleted(String id) throws Exception {
        HttpResponse<String> deleted = delete("v1/jobs/" + id);
        assertThat(deleted.statusCode()).isEqualTo(200);
        assertThat(deleted.body())
                .isEqualTo("{\"id\":\"%s\",\"object\":\"job\",\"deleted\":true}".formatted(id));
        assertThat(get("v1/jobs/" + id).statusCode()).isEqualTo(404);
        assertThat(json("v1/jobs/" + id).get("error").get("message").textValue())
                .contains("was deleted at");
        assertThat(json("v1/jobs").findValuesAsText("id")).doesNotContain(id);
    }

    private void itIsFoundByItsCaption(String id) throws Exception {
        JsonNode found = json("v1/jobs?kind=single&state=done&limit=1&text=RED%20HEART").get(0);
        assertThat(found.get("id").textValue()).isEqualTo(id);
        assertThat(found.get("caption").textValue()).isEqualTo("a red heart");
        assertThat(found.get("thumbnails").get(0).textValue())
                .isEqualTo("v1/images/%s/%s/1.png".formatted(id, Ids.requestId(id, "x")));
        for (String none : List.of("state=failed", "kind=several", "text=no-such-caption")) {
            assertThat(json("v1/jobs?" + none).findValuesAsText("id")).as(none).doesNotContain(id);
        }
        assertThat(get("v1/jobs?state=odd").body())
                .contains("state is 'odd'", "open, done, failed");
    }

    private void itsFilesHaveLinks(String id) throws Exception {
        assertThat(json("v1/jobs/" + id + "/files").findValuesAsText("name"))
                .contains("output.jsonl", "index.html")
                .noneMatch(name -> name.startsWith("images/"));
        HttpResponse<String> links = get("v1/jobs/" + id + "/links?expires_in=60");
        assertThat(links.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("application/jsonl"));
        JsonNode input = JSON.readTree(links.body().lines().findFirst().orElseThrow());
        assertThat(input.get("name").textValue()).isEqualTo("input.jsonl");
        assertThat(input.get("url").textValue())
                .startsWith("http://localhost:")
                .contains("/nocturne/tenant-a/jobs/%s/input.jsonl?".formatted(id));
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(input.get("url").textValue())).build();
        assertThat(http.send(request, HttpResponse.BodyHandlers.ofString()).body())
                .isEqualTo(get("v1/jobs/" + id + "/files/input.jsonl").body());
        HttpResponse<String> refused = get("v1/jobs/" + id + "/links?expires_in=604801");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("\"expires_in\"", "must be 1 to 604800");
        assertThat(get("v1/jobs/nope/links").statusCode()).isEqualTo(404);
    }

    @Test
    void picturesAreServedAsWhatTheyAre() throws Exception {
        String folder = "jobs/job-pictures/images/0123456789abcdef/";
        for (String extension : List.of("png", "jpg", "webp")) {
            store().put(folder + "1." + extension, new byte[] {1, 2}, "any/thing");
        }
        for (var expected :
                Map.of("png", "image/png", "jpg", "image/jpeg", "webp", "image/webp").entrySet()) {
            HttpResponse<String> picture =
                    get("v1/images/job-pictures/0123456789abcdef/1." + expected.getKey());
            assertThat(picture.statusCode()).isEqualTo(200);
            assertThat(picture.headers().firstValue("content-type")).contains(expected.getValue());
            assertThat(picture.body()).hasSize(2);
        }
        assertThat(get("v1/images/job-pictures/0123456789abcdef/1.gif").statusCode())
                .isEqualTo(404);
        assertThat(send("v1/jobs?webdataset=yes", "{}").body())
                .contains("webdataset is 'yes': must be true or false");
    }

    private ObjectStore store() {
        return ObjectStore.open(EmbeddedServers.settings(endpoint, accessKey, secretKey));
    }

    @Test
    void aTableIsAJobWithTheParametersForWhatItDoesNotSay() throws Exception {
        String csv = "Prompt;top;note\n\"a cat; a dog\";2;mine\na hen;;\n";
        HttpRequest request =
                HttpRequest.newBuilder(
                                root.resolve(
                                        "v1/jobs?candidates=3&output_format=jpeg&window="
                                                + "00:00-23:59%20UTC"))
                        .header("content-type", "text/csv")
                        .POST(HttpRequest.BodyPublishers.ofString(csv))
                        .build();
        HttpResponse<String> accepted = http.send(request, HttpResponse.BodyHandlers.ofString());

        assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(202);
        JsonNode job = JSON.readTree(accepted.body());
        assertThat(job.get("counts").get("total").intValue()).isEqualTo(2);
        assertThat(job.get("window").textValue()).isEqualTo("00:00-23:59 UTC");
        assertThat(job.get("unused_columns")).hasToString("[\"note\"]");
        assertThat(linesOf(job))
                .containsExactly(
                        "{\"prompt\":\"a cat; a dog\",\"top\":2,\"candidates\":3,\"output_format\":\"jpeg\",\"custom_id\":\"line-2\"}",
                        "{\"prompt\":\"a hen\",\"candidates\":3,\"output_format\":\"jpeg\",\"custom_id\":\"line-3\"}");
    }

    @Test
    void aFormBringsTheFileWithItsNameItsParametersAndAPicture() throws Exception {
        String picture = "a picture, as far as anybody here looks";
        HttpResponse<String> accepted =
                postForm(
                        "v1/jobs?top=1",
                        part("candidates", "2"),
                        part("image_prompt_rows", "1"),
                        filePart("image_prompt", "p.png", "image/png", picture),
                        filePart(
                                "file",
                                "caf\u00e9.txt",
                                "application/octet-stream",
                                "a cat\n\na dog"));

        assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(202);
        String image = Base64.getEncoder().encodeToString(picture.getBytes(UTF_8));
        assertThat(linesOf(JSON.readTree(accepted.body())))
                .containsExactly(
                        "{\"prompt\":\"a cat\",\"candidates\":2,\"top\":1,\"image_prompt\":\"%s\",\"image_prompt_rows\":1,\"custom_id\":\"line-1\"}"
                                .formatted(image),
                        "{\"prompt\":\"a dog\",\"candidates\":2,\"top\":1,\"image_prompt\":\"%s\",\"image_prompt_rows\":1,\"custom_id\":\"line-3\"}"
                                .formatted(image));
        assertThat(postForm("v1/jobs?top=1", part("top", "2")).body())
                .contains("top is there 2 times: send it once");
        assertThat(postForm("v1/jobs", part("top", "2")).body()).contains("file is missing");
        assertThat(
                        postForm(
                                        "v1/jobs",
                                        part("tops", "2"),
                                        filePart("file", "a.txt", "text/plain", "a"))
                                .body())
                .contains("unknown parameter 'tops': known are filename");
    }

    @Test
    void aCheckSaysWhatAJobWouldPaintAndMakesNone() throws Exception {
        int jobs = json("v1/jobs").size();
        HttpResponse<String> answer =
                postForm(
                        "v1/captions/check",
                        part("candidates", "4"),
                        filePart(
                                "file",
                                "captions.csv",
                                "application/vnd.ms-excel",
                                "prompt,top,note\r\na cat,2,\r\na dog,0,\r\n"));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body())
                .isEqualTo(
                        "{\"format\":\"csv\",\"captions\":1,\"candidates\":4,\"unused_columns\":[\"note\"],"
                                + "\"rows\":[{\"line\":2,\"custom_id\":\"line-2\",\"prompt\":\"a cat\",\"candidates\":4,\"top\":2,\"output_format\":\"png\"}],"
                                + "\"errors\":[{\"line\":3,\"param\":\"top\",\"code\":\"invalid_option\",\"message\":\"top is 0: must be 1 to 64\"}]}");
        assertThat(send("v1/captions/check", "PAR1").body())
                .startsWith("{\"format\":null,\"captions\":0")
                .contains("the file is Parquet");
        for (String parameter :
                List.of(
                        "candidates=many",
                        "completion_window=null",
                        "deadline=2000-01-01T00:00:00Z",
                        "start_after=2999-01-01T00:00:00Z")) {
            String body = "{\"prompt\":\"a\"}";
            HttpResponse<String> check = send("v1/captions/check?" + parameter, body);
            assertThat(check.statusCode()).as(parameter).isEqualTo(400);
            assertThat(JSON.readTree(check.body()).at("/error/param").textValue())
                    .isEqualTo(parameter.substring(0, parameter.indexOf('=')));
        }
        assertThat(json("v1/jobs")).hasSize(jobs);
    }

    /** Of the file that the job was made from. */
    private List<String> linesOf(JsonNode job) throws Exception {
        String file = job.get("input_file_id").textValue();
        return get("v1/files/%s/content".formatted(file)).body().lines().toList();
    }

    private static String part(String name, String text) {
        return "--b\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
                .formatted(name, text);
    }

    private static String filePart(String name, String filename, String type, String content) {
        return "--b\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n%s\r\n"
                .formatted(name, filename, type, content);
    }

    private HttpResponse<String> postForm(String path, String... parts) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(root.resolve(path))
                        .header("content-type", "multipart/form-data; boundary=b")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        String.join("", parts) + "--b--\r\n"))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aBadFileIsRefusedWithItsLines() throws Exception {
        HttpResponse<String> refused = post("{\"prompt\":\"a\"}\n{\"prompt\":\"b\",\"side\":1}");

        assertThat(refused.statusCode()).isEqualTo(400);
        JsonNode error = JSON.readTree(refused.body()).get("errors").get(0);
        assertThat(error.get("line").intValue()).isEqualTo(2);
        assertThat(error.get("param").textValue()).isEqualTo("side");
        assertThat(error.get("code").textValue()).isEqualTo("unknown_field");
        assertThat(error.get("message").textValue()).startsWith("unknown field 'side'");
    }

    @Test
    void aFileThatIsTooLargeIsRefused() throws Exception {
        HttpResponse<String> refused = post("a".repeat(3 << 20));

        assertThat(refused.statusCode()).isEqualTo(413);
        assertThat(refused.body()).contains("\"code\":\"too_large\"");
    }

    @Test
    void aBodyOfJsonIsBounded() throws Exception {
        String large = "{\"prompt\":\"a\",\"metadata\":\"%s\"}".formatted("a".repeat(3 << 20));
        for (String path :
                List.of("/v1/images/generations", "/v1/batches", "/v1/jobs/job-1/rerank")) {
            assertThat(send(path, large).statusCode()).as(path).isEqualTo(413);
        }
    }

    @Test
    void aFileOfManyFoldersIsNotFound() throws Exception {
        for (int folders : new int[] {500, 1_900}) {
            assertThat(get("/v1/jobs/job-1/files/" + "a/".repeat(folders) + "b").statusCode())
                    .isEqualTo(404);
        }
    }

    @Test
    void anUnknownJobIsNotFound() throws Exception {
        for (String path : List.of("v1/jobs/nope", "v1/jobs/nope/results")) {
            HttpResponse<String> response = get(path);
            assertThat(response.statusCode()).isEqualTo(404);
            assertThat(response.body()).contains("\"code\":\"unknown_job\"");
        }
    }

    @Test
    void aBatchFromUploadToOutput() throws Exception {
        JsonNode file = upload("batch", "{\"custom_id\":\"x\",\"prompt\":\"a red heart\"}");
        assertThat(file.get("filename").textValue()).isEqualTo("captions.jsonl");
        String id = file.get("id").textValue();
        assertThat(get("v1/files/" + id + "/content").body()).contains("a red heart");
        assertThat(json("v1/files?purpose=batch").get("data").findValuesAsText("id")).contains(id);

        HttpResponse<String> created = createBatch(id, "24h");
        assertThat(created.statusCode()).as(created.body()).isEqualTo(200);
        String batch = JSON.readTree(created.body()).get("id").textValue();
        assertThat(createBatch(id, "24h").body()).contains(batch);
        HttpResponse<String> conflict = createBatch(id, "25h");
        assertThat(conflict.statusCode()).isEqualTo(409);
        assertThat(conflict.headers().firstValue("x-should-retry")).contains("false");
        assertThat(JSON.readTree(conflict.body()).at("/error/code").textValue())
                .isEqualTo("idempotency_conflict");

        await().atMost(PATIENCE)
                .until(
                        () ->
                                json("v1/batches/" + batch)
                                        .get("status")
                                        .asText()
                                        .equals("in_progress"));
        finish(batch, "x");
        await().atMost(PATIENCE)
                .until(
                        () ->
                                json("v1/batches/" + batch)
                                        .get("status")
                                        .asText()
                                        .equals("completed"));
        String output = json("v1/batches/" + batch).get("output_file_id").textValue();
        HttpRequest content =
                HttpRequest.newBuilder(root.resolve("v1/files/" + output + "/content"))
                        .header("Accept", "application/binary") // as OpenAI's client does
                        .build();
        JsonNode line =
                JSON.readTree(http.send(content, HttpResponse.BodyHandlers.ofString()).body());
        assertThat(line.get("custom_id").textValue()).isEqualTo("x");
        assertThat(line.at("/response/body/data/0/url").textValue())
                .isEqualTo(
                        "%sv1/images/%s/%s/1.png"
                                .formatted(root, batch, Ids.requestId(batch, "x")));
        assertThat(json("v1/batches?limit=1").get("data")).hasSize(1);
    }

    @Test
    void aSinglePictureIsWaitedFor() throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(root.resolve("v1/images/generations"))
                        .header("Content-Type", "application/json")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        "{\"prompt\":\"a single heart\",\"model\":\"nocturne\"}"))
                        .build();
        var answer = http.sendAsync(request, HttpResponse.BodyHandlers.ofString());
        String customId = customIdOf("a single heart");
        String job = Ids.captionJobId(customId);
        assertThat(answer).isNotDone();

        finish(job, customId);

        JsonNode picture = JSON.readTree(answer.get().body()).at("/data/0");
        assertThat(picture.get("rank").intValue()).isEqualTo(1);
        assertThat(picture.get("score").doubleValue()).isEqualTo(0.5);
        assertThat(picture.get("url").textValue()).startsWith(root + "v1/images/" + job);
        HttpResponse<String> gone = get("v1/images/%s/0123456789abcdef/1.png".formatted(job));
        assertThat(gone.statusCode()).isEqualTo(404);
    }

    @Test
    void errorsAreThoseThatClientsOfOpenAiRead() throws Exception {
        HttpResponse<String> refused = send("v1/images/generations", "{\"prompt\":\"a\",\"n\":0}");
        assertThat(refused.statusCode()).isEqualTo(400);
        JsonNode error = JSON.readTree(refused.body()).get("error");
        assertThat(error.get("type").textValue()).isEqualTo("invalid_request_error");
        assertThat(error.get("param").textValue()).isEqualTo("n");
        assertThat(error.get("message").textValue()).startsWith("n is 0");
        assertThat(send("v1/batches", "nonsense").statusCode()).isEqualTo(400);
        assertThat(get("v1/batches?limit=0").statusCode()).isEqualTo(400);
        assertThat(get("v1/batches/batch_nope").body()).contains("unknown_batch");
        assertThat(get("v1/files/file-nope/content").statusCode()).isEqualTo(404);
        assertThat(get("v1/models/gpt-4").body()).contains("model_not_found");
        assertThat(json("v1/models").get("data").findValuesAsText("id")).contains("nocturne");
        assertThat(json("v1/openapi.json").get("openapi").textValue()).startsWith("3.1");
        assertThat(upload("fine-tune", "{}").at("/error/param").textValue()).isEqualTo("purpose");
    }

    @Test
    void listsComeInEitherOrder() throws Exception {
        String first = upload("batch", "x").get("id").textValue();
        String second = upload("batch", "y").get("id").textValue();
        for (String path : List.of("v1/files?limit=10000", "v1/files?limit=10000&order=desc")) {
            assertThat(json(path).get("data").findValuesAsText("id"))
                    .containsSubsequence(second, first);
        }
        assertThat(json("v1/files?order=asc&limit=10000").get("data").findValuesAsText("id"))
                .containsSubsequence(first, second);
        assertThat(json("v1/files?order=asc&limit=1&after=" + first).get("data"))
                .singleElement()
                .satisfies(file -> assertThat(file.get("id").textValue()).isEqualTo(second));
        String batch = JSON.readTree(createBatch(first, "24h").body()).get("id").textValue();
        String later = JSON.readTree(createBatch(second, "24h").body()).get("id").textValue();
        assertThat(json("v1/batches?order=asc&limit=100").get("data").findValuesAsText("id"))
                .containsSubsequence(batch, later);
        for (String path : List.of("v1/files", "v1/batches")) {
            JsonNode error = json(path + "?order=sideways").get("error");
            assertThat(error.get("param").textValue()).isEqualTo("order");
            assertThat(error.get("message").textValue())
                    .isEqualTo("order is 'sideways': must be asc or desc");
        }
    }

    @Test
    void aModelCannotBeDeletedAndTheNamesOfOpenAisAreThere() throws Exception {
        assertThat(json("v1/models").get("data").findValuesAsText("id"))
                .containsExactly("nocturne", "dall-e-2", "dall-e-3", "gpt-image-1");
        assertThat(json("v1/models/dall-e-3").get("object").textValue()).isEqualTo("model");
        HttpResponse<String> refused = delete("v1/models/nocturne");
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(JSON.readTree(refused.body()).at("/error/message").textValue())
                .contains("cannot be deleted");
        assertThat(delete("v1/models/gpt-4").statusCode()).isEqualTo(404);
    }

    @Test
    void webhooksAreTheOperators() throws Exception {
        assertThat(json("v1/webhook_endpoints").get("data")).isEmpty();
        assertThat(json("v1/webhook_event_types").get("data")).hasSize(4);
        assertThat(get("v1/webhook_endpoints/x").statusCode()).isEqualTo(404);
        for (String path : List.of("", "/x", "/x/rotate_secret")) {
            HttpResponse<String> refused = send("v1/webhook_endpoints" + path, "{}");
            assertThat(refused.statusCode()).isEqualTo(403);
            assertThat(refused.body()).contains("is the operator's: it is set with");
        }
        assertThat(delete("v1/webhook_endpoints/x").statusCode()).isEqualTo(403);
    }

    @Test
    void anotherSizeThanTheModelsIsRefusedByItsName() throws Exception {
        KafkaSettings kafka = new KafkaSettings(bootstrapServers, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            producer.send(
                    new ProducerRecord<>(
                            Topics.DEPLOYMENTS.name(),
                            EventCodec.encode(
                                    new BundleDeployed(
                                            "tiny@1", Instant.now(), 24, List.of(24, 96)))));
        }
        String body = "{\"prompt\":\"a\",\"size\":\"1024x1024\"}";
        await().atMost(PATIENCE)
                .until(() -> send("v1/images/generations", body).statusCode() == 400);
        JsonNode error = JSON.readTree(send("v1/images/generations", body).body()).get("error");
        assertThat(error.get("param").textValue()).isEqualTo("size");
        assertThat(error.get("message").textValue())
                .isEqualTo(
                        "size is '1024x1024': must be '24x24', '96x96' or 'auto', as the model paints");
        HttpResponse<String> job = post("{\"body\":" + body + "}");
        assertThat(job.statusCode()).isEqualTo(400);
        assertThat(job.body()).contains("body.size", "'24x24', '96x96' or 'auto'");
        JsonNode schemas = json("v1/openapi.json").at("/components/schemas");
        for (String size :
                List.of("ImageEdit/properties/size", "ImageRequest/properties/size/anyOf/0")) {
            assertThat(schemas.at("/%s/enum".formatted(size)))
                    .extracting(JsonNode::textValue)
                    .containsExactly("auto", "24x24", "96x96");
        }
    }

    @Test
    void anEditIsACaptionWithAPictureAndItsMask() throws Exception {
        var answer =
                sendForm(
                        "v1/images/edits",
                        field("prompt", "a mended heart")
                                + field("n", "2")
                                + field("user", "me")
                                + file("image[]", "picture")
                                + file("mask", "mask"));
        CaptionSubmitted caption = caption("a mended heart");
        assertThat(EventCodec.bytes(caption.getImagePrompt())).isEqualTo("picture".getBytes(UTF_8));
        assertThat(EventCodec.bytes(caption.getImagePromptMask()))
                .isEqualTo("mask".getBytes(UTF_8));
        assertThat(caption.getOptions().getTop()).isEqualTo(2);
        assertThat(answer).isNotDone();
        finish(Ids.captionJobId(caption.getCustomId()), caption.getCustomId());
        assertThat(JSON.readTree(answer.get().body()).at("/data/0/url").isTextual()).isTrue();

        var failing =
                sendForm("v1/images/edits", field("prompt", "a bad heart") + file("image", "x"));
        CaptionSubmitted bad = caption("a bad heart");
        assertThat(bad.getImagePromptMask().remaining()).as("its own is the mask").isZero();
        publish(
                failed(
                        bad.getCustomId(),
                        "image_prompt is not a picture: send a PNG, JPEG or WebP file"));
        assertThat(failing.get().statusCode()).isEqualTo(400);
        assertThat(JSON.readTree(failing.get().body()).at("/error/message").textValue())
                .isEqualTo("image is not a picture: send a PNG, JPEG or WebP file");
    }

    @Test
    void aVariationIsAPictureWithoutACaption() throws Exception {
        var answer = sendForm("v1/images/variations", file("image", "picture"));
        CaptionSubmitted caption = caption("a variation");
        assertThat(caption.getVariation()).isTrue();
        assertThat(EventCodec.bytes(caption.getImagePrompt())).isEqualTo("picture".getBytes(UTF_8));
        assertThat(caption.getOptions().getTop()).isEqualTo(1);
        finish(Ids.captionJobId(caption.getCustomId()), caption.getCustomId());
        assertThat(answer.get().statusCode()).isEqualTo(200);
    }

    @Test
    void formsThatCannotBePaintedAreRefusedInWords() throws Exception {
        String edits = "v1/images/edits";
        String prompt = field("prompt", "a");
        assertRefused(edits, prompt, "image", "image is missing");
        assertRefused(edits, file("image", "x"), "prompt", "prompt is missing");
        assertRefused(
                edits,
                prompt + file("image[]", "x") + file("image[]", "y"),
                "image",
                "image: 2 files, but a request is about one picture: send one");
        assertRefused(edits, prompt + field("image", "x"), "image", "image is no file");
        assertRefused(edits, prompt + file("images", "x"), "images", "send files as image");
        assertRefused(edits, prompt + prompt + file("image", "x"), "prompt", "every field once");
        assertRefused(edits, prompt + field("n", "two") + file("image", "x"), "n", "n is \"two\"");
        assertRefused(
                edits,
                prompt + field("image_prompt_rows", "1") + file("image", "x"),
                "image_prompt_rows",
                "image_prompt_rows");
        assertRefused(
                edits,
                prompt + field("odd", "1") + file("image", "x"),
                "odd",
                "unknown field 'odd'");
        assertRefused(
                edits,
                prompt + file("image", "x".repeat(786_433)),
                "image",
                "image has 786433 bytes");
        String variations = "v1/images/variations";
        assertRefused(variations, prompt + file("image", "x"), "prompt", "a variation has none");
        assertRefused(
                variations, file("image", "x") + file("mask", "y"), "mask", "a variation has none");
    }

    private void assertRefused(String path, String form, String param, String words)
            throws Exception {
        HttpResponse<String> refused = sendForm(path, form).get();
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
        JsonNode error = JSON.readTree(refused.body()).get("error");
        assertThat(error.get("param").textValue()).isEqualTo(param);
        assertThat(error.get("message").textValue()).contains(words);
    }

    private static String field(String name, String value) {
        return "--b\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
                .formatted(name, value);
    }

    private static String file(String name, String content) {
        return """
               --b\r
               Content-Disposition: form-data; name="%s"; filename="picture.png"\r
               Content-Type: image/png\r
               \r
               %s\r
               """
                .formatted(name, content);
    }

    private CompletableFuture<HttpResponse<String>> sendForm(String path, String parts) {
        HttpRequest request =
                HttpRequest.newBuilder(root.resolve(path))
                        .header("Content-Type", "multipart/form-data; boundary=b")
                        .POST(HttpRequest.BodyPublishers.ofString(parts + "--b--\r\n"))
                        .build();
        return http.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aFileExpiresAsItsUploaderSays() throws Exception {
        String form =
                field("purpose", "batch")
                        + field("expires_after[anchor]", "created_at")
                        + field("expires_after[seconds]", "3600")
                        + file("file", "x");
        JsonNode file = JSON.readTree(sendForm("v1/files", form).get().body());
        assertThat(file.get("expires_at").longValue())
                .isEqualTo(file.get("created_at").longValue() + 3600);
        JsonNode refused =
                JSON.readTree(sendForm("v1/files", form.replace("3600", "60")).get().body());
        assertThat(refused.at("/error/param").textValue()).isEqualTo("expires_after");
    }

    private JsonNode upload(String purpose, String jsonl) throws Exception {
        String form =
                """
                --b\r
                Content-Disposition: form-data; name="purpose"\r
                \r
                %s\r
                --b\r
                Content-Disposition: form-data; name="file"; filename="captions.jsonl"\r
                Content-Type: application/jsonl\r
                \r
                %s\r
                --b--\r
                """
                        .formatted(purpose, jsonl);
        HttpRequest request =
                HttpRequest.newBuilder(root.resolve("v1/files"))
                        .header("Content-Type", "multipart/form-data; boundary=b")
                        .POST(HttpRequest.BodyPublishers.ofString(form))
                        .build();
        return JSON.readTree(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    private HttpResponse<String> createBatch(String file, String window) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(root.resolve("v1/batches"))
                        .header("Idempotency-Key", "key-of-" + file)
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        """
                                        {"input_file_id":"%s","endpoint":"/v1/images/generations",
                                         "completion_window":"%s"}"""
                                                .formatted(file, window)))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> send(String path, String body) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(root.resolve(path))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private String customIdOf(String caption) {
        return caption(caption).getCustomId();
    }

    /** As soon as it is published. */
    private CaptionSubmitted caption(String caption) {
        Map<String, Object> config =
                new KafkaSettings(bootstrapServers, Map.of()).consumer("a-single-reader");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
            consumer.subscribe(List.of(Topics.CAPTIONS.in(Lane.INTERACTIVE).name()));
            List<CaptionSubmitted> found = new ArrayList<>();
            await().atMost(PATIENCE)
                    .until(
                            () -> {
                                consumer.poll(Duration.ofMillis(100))
                                        .forEach(
                                                record ->
                                                        found.add(
                                                                EventCodec.decode(
                                                                        CaptionSubmitted.class,
                                                                        record.value())));
                                found.removeIf(event -> !event.getCaption().equals(caption));
                                return !found.isEmpty();
                            });
            return found.get(0);
        }
    }

    @Test
    void lagIsReportedByStageAndUnderTheNamesThatDashboardsExpect() throws Exception {
        await().atMost(PATIENCE).until(() -> get("v1/lag").statusCode() == 200);

        assertThat(json("v1/lag").get("stages").findValuesAsText("stage"))
                .containsExactly(
                        "json-captions",
                        "encoder",
                        "generator",
                        "scorer",
                        "rerank",
                        "publisher",
                        "previewer",
                        "ingest-leader");
        assertThat(get("q/metrics").body())
                .contains(
                        "kafka_consumergroup_group_lag{cluster_name=",
                        "kafka_consumergroup_group_max_lag{cluster_name=",
                        "kafka_consumergroup_group_max_lag_seconds{cluster_name=",
                        "kafka_consumergroup_group_sum_lag{cluster_name=",
                        "kafka_consumergroup_group_topic_sum_lag{cluster_name=",
                        "nocturne_stage_backlog{stage=\"encoder\"}",
                        "nocturne_stage_rate_per_second{stage=\"encoder\"}",
                        "nocturne_stage_drain_seconds{stage=\"encoder\"}");
    }

    @Test
    void requestsHavePagesTheLatestFirst() throws Exception {
        String id =
                JSON.readTree(post(line("a") + line("b") + line("c")).body()).get("id").textValue();
        for (String customId : List.of("a", "b", "c")) {
            finish(id, customId);
        }
        String path = "v1/jobs/" + id + "/requests";
        await().atMost(PATIENCE).until(() -> json(path).get("data").size() == 3);

        JsonNode first = json(path + "?limit=2");
        assertThat(first.get("data").findValuesAsText("custom_id")).containsExactly("c", "b");
        assertThat(first.get("has_more").booleanValue()).isTrue();
        JsonNode second = json(path + "?limit=2&after=" + first.get("last_id").textValue());
        assertThat(second.get("data").findValuesAsText("custom_id")).containsExactly("a");
        assertThat(second.get("has_more").booleanValue()).isFalse();
        assertThat(json(path + "?text=RED&status=completed").get("data")).hasSize(3);
        assertThat(json(path + "?text=green").get("data")).isEmpty();
        assertThat(json(path + "?status=failed").get("data")).isEmpty();
        assertThat(get(path + "?status=odd").body()).contains("status is 'odd'");
        assertThat(get(path + "?after=nope").body()).contains("unknown_request");
        assertThat(get("v1/jobs/nope/requests").body()).contains("unknown_job");
        assertThat(json("v1/jobs?limit=1")).hasSize(1);
        assertThat(json("v1/jobs?limit=1&after=" + id).findValuesAsText("id")).doesNotContain(id);
    }

    private static String line(String customId) {
        return "{\"custom_id\":\"%s\",\"prompt\":\"a red heart\"}\n".formatted(customId);
    }

    @Test
    void changesAreFollowed() throws Exception {
        HttpRequest follow = HttpRequest.newBuilder(root.resolve("v1/events")).build();
        HttpResponse<Stream<String>> events =
                http.send(follow, HttpResponse.BodyHandlers.ofLines());
        assertThat(events.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
        try (Stream<String> lines = events.body()) {
            Iterator<String> each = lines.iterator();
            JsonNode snapshot = next(each, "snapshot", data -> true);
            assertThat(snapshot.get("jobs").isArray()).isTrue();
            JsonNode lag = next(each, "lag", data -> data.has("measured_at"));
            assertThat(lag.get("stages")).hasSize(8);
            assertOrder(lag, LagReport.class);
            String id = JSON.readTree(post(line("x")).body()).get("id").textValue();
            next(each, "jobs", data -> statuses(data, id).findAny().isPresent());
            finish(id, "x");
            JsonNode changed =
                    next(each, "jobs", data -> statuses(data, id).anyMatch("completed"::equals));
            assertOrder(changed.get(0), Job.class);
        }
    }

    private static Stream<String> statuses(JsonNode jobs, String id) {
        return StreamSupport.stream(jobs.spliterator(), false)
                .filter(job -> job.get("id").textValue().equals(id))
                .map(job -> job.get("status").textValue());
    }

    /** The data of the next event of this name that is as wanted. */
    private static JsonNode next(Iterator<String> lines, String event, Predicate<JsonNode> wanted) {
        return assertTimeoutPreemptively(
                PATIENCE,
                () -> {
                    String name = null;
                    while (lines.hasNext()) {
                        String line = lines.next();
                        if (line.startsWith("event:")) {
                            name = line.substring("event:".length()).strip();
                        } else if (line.startsWith("data:") && event.equals(name)) {
                            JsonNode data = JSON.readTree(line.substring("data:".length()));
                            if (wanted.test(data)) {
                                return data;
                            }
                        }
                    }
                    throw new AssertionError("the stream ended before " + event);
                });
    }

    /** People read these, too: what belongs together stands together. */
    @Test
    void propertiesComeInTheOrderOfTheirType() throws Exception {
        String id = JSON.readTree(post(line("x")).body()).get("id").textValue();
        JsonNode job = json("v1/jobs/" + id);
        assertOrder(job, Job.class);
        assertOrder(job.get("counts"), Job.Counts.class);
        assertOrder(json("v1/jobs").get(0), Job.class);
        assertOrder(json("v1/models/nocturne"), ModelsResource.Model.class);
        assertOrder(json("v1/models"), Page.class);
        await().atMost(PATIENCE).until(() -> get("v1/lag").statusCode() == 200);
        assertOrder(json("v1/lag"), LagReport.class);
        assertOrder(json("v1/lag/history"), LagHistory.View.class);
        String file = upload("batch", line("x")).get("id").textValue();
        assertOrder(json("v1/files/" + file), FilesResource.FileObject.class);
        String batch = JSON.readTree(createBatch(file, "24h").body()).get("id").textValue();
        assertOrder(json("v1/batches/" + batch), Batch.class);
    }

    private static void assertOrder(JsonNode json, Class<? extends Record> type) {
        assertThat(json.fieldNames())
                .toIterable()
                .containsExactlyElementsOf(
                        Stream.of(type.getRecordComponents())
                                .map(part -> SNAKE_CASE.translate(part.getName()))
                                .toList());
    }

    @Test
    void lagHasAHistory() throws Exception {
        await().atMost(PATIENCE).until(() -> json("v1/lag/history").get("measured_at").size() >= 2);

        JsonNode history = json("v1/lag/history");
        assertThat(history.get("stages").findValuesAsText("stage"))
                .containsExactly(
                        "json-captions",
                        "encoder",
                        "generator",
                        "scorer",
                        "rerank",
                        "publisher",
                        "previewer",
                        "ingest-leader");
        int measured = history.get("measured_at").size();
        assertThat(history.at("/stages/0/lag")).hasSize(measured);
        assertThat(history.at("/stages/0/lag_seconds")).hasSize(measured);
    }

    @Test
    void aDeadLetterIsListedShownAndReplayed() throws Exception {
        assertThat(get("v1/dead-letters/0-999").body()).contains("\"unknown_dead_letter\"");
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>(Topics.SELECTIONS.name(), 2, 41, null, new byte[] {7});
        KafkaSettings kafka = new KafkaSettings(bootstrapServers, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            producer.send(
                    DeadLetters.deadLetter(
                            "publisher",
                            record,
                            new PermanentException("malformed_event", "not a selection")));
        }
        await().atMost(PATIENCE).until(() -> json("v1/dead-letters").get("data").size() == 1);

        JsonNode page = json("v1/dead-letters?limit=1");
        JsonNode letter = page.get("data").get(0);
        assertThat(page.get("has_more").booleanValue()).isFalse();
        String id = letter.get("id").textValue();
        assertThat(letter.fieldNames())
                .toIterable()
                .containsExactly(
                        "id",
                        "at",
                        "stage",
                        "reason_code",
                        "reason",
                        "topic",
                        "partition",
                        "offset",
                        "key",
                        "job_id",
                        "request_id",
                        "bytes",
                        "replayed_at");
        assertThat(Instant.parse(letter.get("at").textValue())).isBefore(Instant.now());
        JsonNode opened = json("v1/dead-letters/" + id);
        assertThat(opened.get("stage").textValue()).isEqualTo("publisher");
        assertThat(opened.at("/headers/dead-letter-offset").textValue()).isEqualTo("41");
        assertThat(opened.get("payload").textValue()).isEqualTo("Bw==");

        HttpResponse<String> replayed = send("v1/dead-letters/" + id + "/replay", "");
        assertThat(replayed.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(replayed.body()).get("replayed_at").isTextual()).isTrue();
        assertThat(get("v1/dead-letters?limit=0").statusCode()).isEqualTo(400);
    }

    private void finish(String job, String customId) {
        String requestId = Ids.requestId(job, customId);
        String key = "jobs/%s/images/%s/1.png".formatted(job, requestId);
        RequestFinished event =
                new RequestFinished(
                        new RequestRef(job, requestId, customId, "a red heart"),
                        RequestStatus.COMPLETED,
                        List.of(
                                new StoredImage(
                                        1, key, "00ff", 9L, 3, Long.MAX_VALUE - 1, 0.5f, -7.5)),
                        null,
                        Instant.now());
        publish(event);
    }

    private static RequestFinished failed(String customId, String message) {
        String job = Ids.captionJobId(customId);
        return new RequestFinished(
                new RequestRef(job, Ids.requestId(job, customId), customId, "a red heart"),
                RequestStatus.FAILED,
                List.of(),
                new Failure("invalid_option", "encoder", message, null, null),
                Instant.now());
    }

    private void publish(RequestFinished event) {
        RequestRef request = event.getRequest();
        KafkaSettings kafka = new KafkaSettings(bootstrapServers, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            producer.send(
                    new ProducerRecord<>(
                            Topics.RESULTS.name(),
                            Ids.key(request.getJobId(), request.getRequestId()).getBytes(UTF_8),
                            EventCodec.encode(event)));
        }
    }

    private JsonNode json(String path) throws IOException, InterruptedException {
        return JSON.readTree(get(path).body());
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(root.resolve(path)).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> delete(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(root.resolve(path)).DELETE().build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String jsonl) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(root.resolve("v1/jobs"))
                        .header("content-type", "application/jsonl")
                        .POST(HttpRequest.BodyPublishers.ofString(jsonl))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
