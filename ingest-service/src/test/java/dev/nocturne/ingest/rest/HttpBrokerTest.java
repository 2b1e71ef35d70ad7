package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.runtime.ObjectStore;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logmanager.ExtLogRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is the same of all answers: ids, errors, and how stored objects are got. */
@QuarkusTest
@QuarkusTestResource(EmbeddedServers.class)
class HttpBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PICTURE = "v1/images/job-http/0123456789abcdef/1.png";
    private static final byte[] BYTES = "a picture of some bytes".getBytes(UTF_8);

    @TestHTTPResource("/")
    URI root;

    @ConfigProperty(name = "nocturne.s3.endpoint")
    String endpoint;

    @ConfigProperty(name = "nocturne.s3.access-key")
    String accessKey;

    @ConfigProperty(name = "nocturne.s3.secret-key")
    String secretKey;

    private final HttpClient http = HttpClient.newHttpClient();

    @BeforeEach
    void awaitReady() {
        await().atMost(PATIENCE).until(() -> send("GET", "q/health/ready").statusCode() == 200);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, , 200",
        "GET, page/main.js, 200",
        "GET, v1/jobs, 200",
        "HEAD, v1/jobs, 200",
        "OPTIONS, v1/jobs, 204",
        "GET, q/metrics, 200",
        "GET, v1/jobs/nope, 404",
        "GET, v1/nothing, 404",
        "GET, nothing/at/all, 404",
        "GET, page/nothing.js, 404",
        "GET, v1/jobs?limit=0, 400",
        "GET, v1/jobs?limit=, 400",
        "GET, v1/files?limit=1&limit=2, 400",
        "PUT, v1/jobs, 405",
        "DELETE, v1/images/generations, 405",
        "PATCH, v1/jobs/j/files/images/a/1.png, 405",
        "TRACE, v1/batches, 405",
        "POST, , 405",
        "POST, page/main.js, 405"
    })
    void everyAnswerHasAnIdAndEveryErrorTheFormOfTheApi(String method, String path, int status)
            throws Exception {
        HttpResponse<String> answer = send(method, path == null ? "" : path);

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(id(answer)).matches("req_[0-9a-f]{32}");
        if (status >= 400) {
            assertIsError(answer.body(), status);
        }
    }

    private static String id(HttpResponse<?> answer) {
        List<String> ids = answer.headers().allValues("x-request-id");
        assertThat(ids).hasSize(1);
        return ids.get(0);
    }

    private static void assertIsError(String body, int status) throws IOException {
        JsonNode error = JSON.readTree(body).get("error");
        assertThat(error.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("message", "type", "param", "code");
        assertThat(error.get("message").asText()).isNotEmpty();
        assertThat(error.get("type").asText())
                .isEqualTo(status < 500 ? "invalid_request_error" : "server_error");
    }

    @Test
    void idsAreNeverTheSame() throws Exception {
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            ids.add(id(send("GET", "v1/models")));
        }
        assertThat(ids).hasSize(20);
    }

    @Test
    void whatTheRouterRefusesIsToldInTheSameForm() throws Exception {
        String host = "Host: localhost:" + root.getPort();
        for (String[] request :
                new String[][] {
                    {"GET /v1/jobs HTTP/1.1"},
                    {"GET /v1/jobs HTTP/1.1", "Host: localhost:port"},
                    {"PROPFIND /v1/jobs HTTP/1.1", host},
                    {"POST /v1/jobs HTTP/1.1", host, "Content-Length: 999999999999"},
                    {"GET /v1/jobs?after=" + "a".repeat(5_000) + " HTTP/1.1", host},
                    {"GET /v1/%00 HTTP/1.1", host},
                    {"GET /v1/files/%ff%fe HTTP/1.1", host}
                }) {
            RawHttp.Answer answer =
                    RawHttp.send(root, request[0], Arrays.copyOfRange(request, 1, request.length));

            String text = answer.text();
            String what = request[0].substring(0, 20) + text;
            assertThat(answer.status()).as(what).isBetween(400, 499);
            assertThat(text).as(what).containsIgnoringCase("\r\nx-request-id: req_");
            String body = text.substring(text.indexOf("\r\n\r\n") + 2);
            assertIsError(body.replaceAll("\r\n([0-9a-f]+\r\n)?", ""), answer.status());
        }
    }

    @Test
    void aMethodThatIsNotTakenIsAnsweredWithThoseThatAre() throws Exception {
        HttpResponse<String> refused = send("PUT", "v1/jobs");
        assertThat(refused.headers().firstValue("allow")).contains("GET, HEAD, OPTIONS, POST");
        assertThat(refused.body()).contains("\"method_not_allowed\"");
        assertThat(send("OPTIONS", "v1/jobs/j").headers().firstValue("allow"))
                .contains("DELETE, GET, HEAD, OPTIONS");
        assertThat(send("DELETE", "page/main.js").headers().firstValue("allow"))
                .contains("GET, HEAD, OPTIONS");
    }

    @Test
    void typesThatDoNotFitAreToldSo() throws Exception {
        HttpResponse<String> type = send("POST", "v1/files", "Content-Type", "application/json");
        assertThat(type.statusCode()).isEqualTo(415);
        assertThat(type.body()).contains("\"unsupported_media_type\"", "/v1/openapi.json");
        HttpResponse<String> form =
                http.send(
                        HttpRequest.newBuilder(root.resolve("v1/files"))
                                .header("Content-Type", "multipart/form-data; boundary=b")
                                .POST(BodyPublishers.ofString("--b\r\n[]--b--\r\n"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(form.statusCode()).isEqualTo(400);
        assertThat(form.body()).contains("is no multipart/form-data");
        HttpResponse<String> accept = send("GET", "v1/jobs", "Accept", "image/png");
        assertThat(accept.statusCode()).isEqualTo(406);
        assertThat(accept.body()).contains("\"not_acceptable\"");
        assertThat(send("GET", "v1/jobs", "Accept", "nonsense").statusCode()).isEqualTo(406);
    }

    @Test
    void oneLineOfTheLogTellsHowARequestWasAnswered() throws Exception {
        Queue<LogRecord> lines = new ConcurrentLinkedQueue<>();
        Logger logger = Logger.getLogger(RequestLog.class.getName());
        Handler handler =
                new Handler() {
                    @Override
                    public void publish(LogRecord line) {
                        ExtLogRecord.wrap(line).copyMdc();
                        lines.add(line);
                    }

                    @Override
                    public void flush() {}

                    @Override
                    public void close() {}
                };
        logger.addHandler(handler);
        try {
            String refused = id(send("DELETE", "v1/jobs/nope?secret=1"));
            String missing = id(send("POST", "nothing"));

            await().atMost(PATIENCE).until(() -> lines.size() == 2);
            assertThat(lines)
                    .extracting(line -> ExtLogRecord.wrap(line).getMdc("httpRequest"))
                    .containsExactly(refused, missing);
            assertThat(lines)
                    .extracting(line -> ExtLogRecord.wrap(line).getFormattedMessage())
                    .satisfiesExactly(
                            line ->
                                    assertThat(line)
                                            .matches(
                                                    "API-02 DELETE /v1/jobs/nope 404 unknown_job in \\d+ ms"),
                            line -> assertThat(line).startsWith("API-02 POST /nothing 40"));
        } finally {
            logger.removeHandler(handler);
        }
    }

    @Test
    void aStoredObjectIsGotAsWholeOrInPartsOrNotAgain() throws Exception {
        String folder = "jobs/job-http/images/0123456789abcdef/";
        store().put(folder + "1.png", BYTES, "image/png");

        HttpResponse<String> whole = send("GET", PICTURE);
        String etag = whole.headers().firstValue("etag").orElseThrow();
        assertThat(etag).matches("\"[^\"]+\"");
        assertThat(whole.headers().firstValue("content-length")).contains("" + BYTES.length);
        assertThat(whole.headers().firstValue("accept-ranges")).contains("bytes");
        String modified = whole.headers().firstValue("last-modified").orElseThrow();
        assertThat(modified).matches("\\w{3}, \\d\\d \\w{3} \\d{4} [\\d:]{8} GMT");

        HttpResponse<String> part = send("GET", PICTURE, "Range", "bytes=2-8", "If-Range", etag);
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("picture");
        assertThat(part.headers().firstValue("content-range"))
                .contains("bytes 2-8/" + BYTES.length);
        assertThat(part.headers().firstValue("content-type")).contains("image/png");
        assertThat(send("GET", PICTURE, "Range", "bytes=18-").body()).isEqualTo("bytes");
        assertThat(send("GET", PICTURE, "Range", "bytes=18-", "If-Range", "\"other\"").body())
                .isEqualTo(whole.body());

        HttpResponse<String> again = send("GET", PICTURE, "If-None-Match", etag);
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.headers().firstValue("etag")).contains(etag);
        assertThat(again.body()).isEmpty();
        assertThat(send("GET", PICTURE, "If-Modified-Since", modified).statusCode()).isEqualTo(304);

        HttpResponse<String> beyond = send("GET", PICTURE, "Range", "bytes=100-");
        assertThat(beyond.statusCode()).isEqualTo(416);
        assertThat(beyond.headers().firstValue("content-range"))
                .contains("bytes */" + BYTES.length);
        assertIsError(beyond.body(), 416);
        HttpResponse<String> other = send("GET", PICTURE, "If-Match", "\"other\"");
        assertThat(other.statusCode()).isEqualTo(412);
        assertIsError(other.body(), 412);

        HttpResponse<String> head = send("HEAD", PICTURE);
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.headers().firstValue("content-length")).contains("" + BYTES.length);
        assertThat(head.headers().firstValue("content-type")).contains("image/png");
        assertThat(head.headers().firstValue("etag")).contains(etag);
    }

    /** Shards are files of a job, and so is what the Files API shows of it. */
    @ParameterizedTest
    @ValueSource(strings = {"webdataset/00000.tar", "output.jsonl"})
    void everyFileOfAJobIsSuchAnObject(String name) throws Exception {
        store().put("jobs/job-http/" + name, BYTES, "any/thing");
        String path = "v1/jobs/job-http/files/" + name;

        HttpResponse<String> part = send("GET", path, "Range", "bytes=-5");

        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("bytes");
        assertThat(send("HEAD", path).headers().firstValue("content-length"))
                .contains("" + BYTES.length);
        assertThat(
                        send("GET", path, "Accept", "application/octet-stream")
                                .headers()
                                .firstValue("content-type"))
                .contains("application/octet-stream");
    }

    @Test
    void anUploadCanBeGotInParts() throws Exception {
        String form =
                "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
                        + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n"
                        + "{\"prompt\":\"a red heart\"}\r\n--b--\r\n";
        HttpResponse<String> uploaded =
                http.send(
                        HttpRequest.newBuilder(root.resolve("v1/files"))
                                .header("Content-Type", "multipart/form-data; boundary=b")
                                .POST(BodyPublishers.ofString(form))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        String file = JSON.readTree(uploaded.body()).get("id").textValue();

        HttpResponse<String> part =
                send("GET", "v1/files/%s/content".formatted(file), "Range", "bytes=2-7");

        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("prompt");
    }

    @Test
    void theDescriptionNamesTheAddressThatTheCallerUsed() throws Exception {
        JsonNode servers = JSON.readTree(send("GET", "v1/openapi.json").body()).get("servers");
        assertThat(servers.at("/0/url").textValue() + "/").isEqualTo(root.toString());
        assertThat(servers).hasSize(1);
    }

    @Test
    void theDescriptionKnowsWhatAWindowIs() throws Exception {
        String pattern =
                JSON.readTree(send("GET", "v1/openapi.json").body())
                        .at("/components/schemas/Window/pattern")
                        .textValue();
        assertThat(List.of("22:00-06:00 Europe/Berlin", "00:00-23:59 Etc/GMT+5"))
                .allMatch(window -> window.matches(pattern));
        assertThat(List.of("", "22:00-22:00 UTC", "22:00-24:00 UTC", "22:00-06:00 Europe/Nowhere"))
                .noneMatch(window -> window.matches(pattern));
    }

    /** They are anybody's to write: whoever wants another address says so to the service. */
    @Test
    void whatAProxySaysOfItselfIsNotBelieved() throws Exception {
        String text =
                new String(
                        RawHttp.send(
                                        root,
                                        "GET /v1/openapi.json HTTP/1.1",
                                        "Host: localhost:" + root.getPort(),
                                        "X-Forwarded-Host: evil.example",
                                        "X-Forwarded-Proto: https",
                                        "X-Forwarded-Prefix: /evil",
                                        "Forwarded: host=evil.example;proto=https")
                                .text()
                                .getBytes(ISO_8859_1),
                        UTF_8);
        assertThat(text)
                .contains("\"url\":\"http://localhost:")
                .doesNotContain("evil.example", "/evil", "https://loc");
    }

    private ObjectStore store() {
        return ObjectStore.open(EmbeddedServers.settings(endpoint, accessKey, secretKey));
    }

    private HttpResponse<String> send(String method, String path, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(root.resolve(path)).method(method, BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
