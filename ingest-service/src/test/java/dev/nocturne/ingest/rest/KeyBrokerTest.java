package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a service with keys lets in. */
@QuarkusTest
@TestProfile(WithKey.class)
class KeyBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TestHTTPResource("/")
    URI root;

    @ConfigProperty(name = "nocturne.api.public-url")
    String publicUrl;

    @BeforeEach
    void awaitReady() {
        await().atMost(PATIENCE).until(() -> send("GET", "/q/health/ready").status() == 200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/jobs",
                "/v1/session",
                "/v1/openapi.json",
                "/v1/events",
                "//v1/jobs",
                "/%76%31/jobs",
                "/page/../v1/jobs",
                "/page/%2e%2e/v1/jobs",
                "/q/health/../../v1/jobs",
                "/nothing/here",
                "/q/metrics"
            })
    void withoutAKeyNothingIsTold(String path) throws Exception {
        for (String method : List.of("GET", "POST", "DELETE", "HEAD", "PROPFIND")) {
            assertThat(send(method, path).status()).as(method).isEqualTo(401);
        }
    }

    @Test
    void aWrongKeyIsRefusedAsOpenAiDoes() throws Exception {
        for (String wrong :
                List.of(
                        "Authorization: Bearer guessed-0123456789",
                        "Authorization: Bearer",
                        "Authorization: Basic " + WithKey.KEY,
                        "Authorization: Bearer " + WithKey.KEY + "," + WithKey.NEXT_KEY,
                        "Cookie: nocturne-session=" + WithKey.KEY,
                        "api-key: " + WithKey.KEY)) {
            RawHttp.Answer answer = send("GET", "/v1/jobs?api_key=" + WithKey.KEY, wrong);

            assertThat(answer.status()).as(wrong).isEqualTo(401);
            JsonNode error = JSON.readTree(body(answer)).get("error");
            assertThat(error.get("code").textValue()).isEqualTo("invalid_api_key");
            assertThat(error.get("type").textValue()).isEqualTo("invalid_request_error");
            assertThat(error.has("param")).isTrue();
            assertThat(answer.text()).doesNotContain("guessed", WithKey.KEY);
        }
    }

    @Test
    void eachKeyOpens() throws Exception {
        for (String key : List.of(WithKey.KEY, WithKey.NEXT_KEY)) {
            assertThat(send("GET", "/v1/jobs", bearer(key)).status()).isEqualTo(200);
            assertThat(send("GET", "/q/metrics", "authorization: bearer  " + key).status())
                    .isEqualTo(200);
        }
    }

    @Test
    void probesAndThePageNeedNoKey() throws Exception {
        for (String path : List.of("/", "/page/main.js", "/q/health/live", "/q/health/ready")) {
            RawHttp.Answer answer = send("GET", path);

            assertThat(answer.status()).as(path).isEqualTo(200);
            assertThat(answer.text()).as(path).doesNotContain(WithKey.KEY);
        }
    }

    @Test
    void aPageChangesItsKeyForACookieThatScriptsCannotRead() throws Exception {
        assertThat(send("POST", "/v1/session").status()).isEqualTo(401);
        RawHttp.Answer opened = send("POST", "/v1/session", bearer(WithKey.KEY));
        assertThat(opened.status()).isEqualTo(200);
        String cookie = cookie(opened);
        assertThat(cookie)
                .contains("HttpOnly", "SameSite=Strict", "Max-Age=86400", "Path=/")
                .doesNotContain(WithKey.KEY);

        String sent = "Cookie: " + cookie.split(";")[0];
        assertThat(send("GET", "/v1/jobs", sent).status()).isEqualTo(200);
        String cancel = "/v1/batches/batch_none/cancel";
        assertThat(send("POST", cancel, sent, ownOrigin()).status()).isEqualTo(404);
        assertThat(send("POST", cancel, sent).status()).isEqualTo(401);
        assertThat(send("POST", cancel, sent, "Origin: http://evil.example").status())
                .isEqualTo(403);

        RawHttp.Answer closed = send("DELETE", "/v1/session", sent, ownOrigin());
        assertThat(closed.status()).isEqualTo(204);
        assertThat(cookie(closed)).contains("Max-Age=0");
    }

    @Test
    void aCookieCannotMakeItselfLastLonger() throws Exception {
        String sent =
                "Cookie: " + cookie(send("POST", "/v1/session", bearer(WithKey.KEY))).split(";")[0];

        RawHttp.Answer again = send("POST", "/v1/session", sent, ownOrigin());

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text()).doesNotContainIgnoringCase("Set-Cookie");
    }

    @Test
    void aNameOfTheServiceIsItsOwnToo() throws Exception {
        String request =
                RawHttp.request(
                        "GET /v1/jobs HTTP/1.1",
                        "Host: ingest-service:8080",
                        bearer(WithKey.KEY),
                        "Connection: close");
        assertThat(RawHttp.send(root, request + "\r\n").status()).isEqualTo(200);
    }

    /** Though a proxy asks by the service's own name, and leaves its path away. */
    @Test
    void everyAddressInAnAnswerIsThePublicOne() throws Exception {
        HttpResponse<String> accepted =
                byTheProxy("v1/jobs", HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a\"}"));
        String job = JSON.readTree(accepted.body()).get("id").textValue();
        assertThat(accepted.headers().firstValue("location"))
                .contains(publicUrl + "v1/jobs/" + job);

        JsonNode document = JSON.readTree(byTheProxy("v1/openapi.json", null).body());
        assertThat(document.at("/servers/0/url").textValue() + "/")
                .isEqualTo(publicUrl)
                .endsWith(ReverseProxy.PATH);
    }

    private HttpResponse<String> byTheProxy(String path, HttpRequest.BodyPublisher body)
            throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(publicUrl + path))
                        .header("Authorization", "Bearer " + WithKey.KEY);
        return HttpClient.newHttpClient()
                .send(
                        (body == null ? request : request.POST(body)).build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    private String ownOrigin() {
        return "Origin: http://localhost:" + root.getPort();
    }

    private static String bearer(String key) {
        return "Authorization: Bearer " + key;
    }

    private static String cookie(RawHttp.Answer answer) {
        return answer.text()
                .lines()
                .filter(line -> line.toLowerCase().startsWith("set-cookie: "))
                .findFirst()
                .orElseThrow()
                .substring("set-cookie: ".length());
    }

    private RawHttp.Answer send(String method, String path, String... headers) throws IOException {
        return RawHttp.send(
                root,
                RawHttp.request("%s %s HTTP/1.1".formatted(method, path), headers)
                        + RawHttp.request(
                                "Host: localhost:" + root.getPort(),
                                "Content-Length: 0",
                                "Connection: close")
                        + "\r\n");
    }

    private static String body(RawHttp.Answer answer) {
        return answer.text().substring(answer.text().indexOf("\r\n\r\n") + 4);
    }
}
