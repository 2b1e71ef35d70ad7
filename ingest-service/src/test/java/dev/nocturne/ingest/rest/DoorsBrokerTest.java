package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes in without a key, and what does not. */
@QuarkusTest
@QuarkusTestResource(EmbeddedServers.class)
class DoorsBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LINE = "{\"prompt\":\"a red heart\"}";

    @TestHTTPResource("/")
    URI root;

    @BeforeEach
    void awaitReady() {
        await().atMost(PATIENCE)
                .until(() -> get("/q/health/ready", host("localhost")).status() == 200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "127.0.0.1",
                "127.8.9.1",
                "[::1]",
                "night.localhost",
                "LOCALHOST."
            })
    void everyNameOfThisMachineIsItsOwn(String host) throws Exception {
        assertThat(get("/v1/jobs", host(host)).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "192.0.2.7",
                "notlocalhost"
            })
    void anotherHostIsMisdirected(String host) throws Exception {
        for (String path : List.of("/v1/jobs", "/", "/page/main.js", "/q/health/../../v1/jobs")) {
            RawHttp.Answer answer = get(path, host(host));

            assertThat(answer.status()).as(path).isEqualTo(421);
            assertThat(answer.text()).contains("NOCTURNE_API_HOSTS").doesNotContain(host);
        }
    }

    @Test
    void anotherHostIsMisdirectedHoweverItIsNamed() throws Exception {
        assertThat(
                        RawHttp.send(
                                        root,
                                        "GET http://evil.example/v1/jobs HTTP/1.1",
                                        host("localhost"))
                                .status())
                .isEqualTo(421);
        assertThat(
                        RawHttp.send(
                                        root,
                                        "GET /v1/jobs HTTP/1.1",
                                        host("localhost"),
                                        "Host: evil.example")
                                .status())
                .isIn(400, 421);
        assertThat(
                        RawHttp.send(
                                        root,
                                        "GET /v1/jobs HTTP/1.1",
                                        host("evil.example"),
                                        "X-Forwarded-Host: localhost")
                                .status())
                .isEqualTo(421);
    }

    @Test
    void whatIsNoHostIsMisdirectedInTheFormOfTheApi() throws Exception {
        for (String[] headers :
                new String[][] {
                    {},
                    {"Host: localhost@evil.example"},
                    {"Host: evil.example#localhost"},
                    {"Host: localhost, evil.example"},
                    {"Host: localhost:port"},
                    {"Host: "}
                }) {
            RawHttp.Answer answer = get("/v1/jobs", headers);

            assertThat(answer.status()).as(String.join("", headers)).isEqualTo(421);
            assertThat(JSON.readTree(body(answer)).at("/error/code").textValue())
                    .isEqualTo("unknown_host");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/q/health", "/q/health/live", "/q/health/ready", "/q/metrics"})
    void probesMayUseAnyAddress(String path) throws Exception {
        assertThat(get(path, "Host: 10.0.0.7:8080").status()).isEqualTo(200);
    }

    @Test
    void aWriteOfAnotherSitesPageIsRefused() throws Exception {
        for (String header :
                List.of(
                        "Origin: http://evil.example",
                        "Origin: null",
                        "Origin: http://localhost:1",
                        "Origin: http://localhost.evil.example:" + root.getPort(),
                        "Sec-Fetch-Site: cross-site",
                        "Sec-Fetch-Site: same-site")) {
            RawHttp.Answer answer = post("/v1/jobs", header, "Content-Type: text/plain");

            assertThat(answer.status()).as(header).isEqualTo(403);
            JsonNode error = JSON.readTree(body(answer)).get("error");
            assertThat(error.get("code").textValue()).isEqualTo("foreign_origin");
            assertThat(error.get("type").textValue()).isEqualTo("invalid_request_error");
        }
        assertThat(
                        post(
                                        "/v1/jobs",
                                        "Origin: http://localhost:" + root.getPort(),
                                        "Origin: http://evil.example")
                                .status())
                .as("two origins")
                .isEqualTo(403);
        assertThat(
                        RawHttp.send(
                                        root,
                                        "DELETE /v1/files/file-1 HTTP/1.1",
                                        host("localhost"),
                                        "Origin: http://evil.example")
                                .status())
                .isEqualTo(403);
    }

    @Test
    void aWriteOfNoBrowserOrOfThePageIsTaken() throws Exception {
        assertThat(post("/v1/jobs").status()).isEqualTo(202);
        assertThat(
                        post(
                                        "/v1/jobs",
                                        "Origin: http://localhost:" + root.getPort(),
                                        "Sec-Fetch-Site: same-origin")
                                .status())
                .isEqualTo(202);
    }

    @Test
    void theClearPortSpeaksHttp1Alone() throws Exception {
        RawHttp.Answer upgrade =
                get(
                        "/v1/jobs",
                        host("localhost"),
                        "Upgrade: h2c",
                        "HTTP2-Settings: AAMAAABkAAQAAP__",
                        "Connection: Upgrade, HTTP2-Settings");
        assertThat(upgrade.status()).isEqualTo(200);

        RawHttp.Answer prior = RawHttp.send(root, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        assertThat(prior.text()).doesNotStartWith("\0"); // a frame of HTTP/2's settings
    }

    @Test
    void slowBodiesLeaveRoomForOthers() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 210; i++) {
                String path = i % 2 == 0 ? "/v1/jobs" : "/v1/files";
                String type = i % 2 == 0 ? "application/jsonl" : "multipart/form-data; boundary=x";
                slow.add(
                        RawHttp.open(
                                root,
                                RawHttp.request(
                                                "POST %s HTTP/1.1".formatted(path),
                                                host("localhost"),
                                                "Content-Type: " + type,
                                                "Content-Length: 1000")
                                        + "\r\n{"));
            }
            RawHttp.Answer refused = read(slow.get(209));
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.text()).containsIgnoringCase("\r\nRetry-After: 5\r\n");

            for (String path : List.of("/q/health/live", "/q/health/ready", "/v1/jobs")) {
                long startNanos = System.nanoTime();
                assertThat(get(path, host("localhost")).status()).as(path).isEqualTo(200);
                assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
                        .as(path)
                        .isLessThan(Duration.ofSeconds(2));
            }
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        await().atMost(PATIENCE).until(() -> post("/v1/jobs").status() == 202);
    }

    /** As much of the answer as has come at once. */
    private static RawHttp.Answer read(Socket socket) throws IOException {
        byte[] bytes = new byte[4096];
        return new RawHttp.Answer(
                new String(bytes, 0, socket.getInputStream().read(bytes), ISO_8859_1));
    }

    private String host(String name) {
        return "Host: %s:%d".formatted(name, root.getPort());
    }

    private RawHttp.Answer get(String path, String... headers) throws IOException {
        return RawHttp.send(root, "GET %s HTTP/1.1".formatted(path), headers);
    }

    private RawHttp.Answer post(String path, String... headers) throws IOException {
        String request =
                RawHttp.request("POST %s HTTP/1.1".formatted(path), headers)
                        + RawHttp.request(
                                host("localhost"),
                                "Content-Length: " + LINE.length(),
                                "Connection: close");
        return RawHttp.send(root, request + "\r\n" + LINE);
    }

    private static String body(RawHttp.Answer answer) {
        return answer.text().substring(answer.text().indexOf("\r\n\r\n") + 4);
    }
}
