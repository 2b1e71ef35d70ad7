package dev.nocturne.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command that talks to ingest-service shows it the key. */
class ApiKeyCommandsTest {

    private static final String KEY = "the-key-of-tonight-0123456789";
    private static final String REFUSAL =
            """
            {"error":{"message":"an API key is needed","code":"invalid_api_key"},
             "errors":[{"line":null,"param":null,"code":"invalid_api_key","message":"an API key is needed"}]}""";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<String> shown = new CopyOnWriteArrayList<>();
    private final List<String> addresses = new CopyOnWriteArrayList<>();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/",
                exchange -> {
                    shown.add("" + exchange.getRequestHeaders().getFirst("Authorization"));
                    addresses.add(exchange.getRequestURI().toString());
                    exchange.getRequestBody().readAllBytes();
                    byte[] body = REFUSAL.getBytes(UTF_8);
                    exchange.sendResponseHeaders(401, body.length);
                    exchange.getResponseBody().write(body);
                    exchange.close();
                });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "submit|pom.xml",
                "jobs",
                "status|job-1",
                "watch|job-1",
                "cancel|job-1",
                "retry-failed|job-1",
                "download|job-1|target/nothing",
                "rerank|job-1|--top|2",
                "lag",
                "dead-letters|list",
                "dead-letters|show|0-7",
                "dead-letters|replay|0-7"
            })
    void theKeyIsInTheHeaderAlone(String command) {
        int code = run((command + "|--api-key|" + KEY).split("\\|"));

        assertThat(code).isEqualTo(1);
        assertThat(shown).containsOnly("Bearer " + KEY);
        assertThat(addresses).noneMatch(address -> address.contains(KEY));
        assertThat(err.toString())
                .containsOnlyOnce("\n")
                .contains("an API key is needed", "--api-key", "NOCTURNE_API_KEY")
                .doesNotContain(KEY);
    }

    @Test
    void withoutAKeyNoneIsShown() {
        run("jobs");

        assertThat(shown).containsExactly("null");
    }

    @Test
    void aKeyThatCannotBeOneIsWrongUsage() {
        assertThat(run("jobs", "--api-key", "two words")).isEqualTo(2);
        assertThat(err.toString()).contains("--api-key").doesNotContain("two words");
    }

    private int run(String... args) {
        String url = "http://localhost:" + server.getAddress().getPort();
        return NocturneCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(
                        Stream.concat(Stream.of(args), Stream.of("--url", url))
                                .toArray(String[]::new));
    }
}
