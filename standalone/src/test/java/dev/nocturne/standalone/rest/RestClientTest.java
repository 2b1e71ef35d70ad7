package dev.nocturne.standalone.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Downloads from a server that stalls, is slow, or refuses. */
class RestClientTest {

    private static final byte[] CONTENT = "0123456789".getBytes(UTF_8);

    @TempDir Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch ended = new CountDownLatch(1);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/stalled", this::stall);
        server.createContext("/slow", this::writeSlowly);
        server.createContext("/refused", this::refuse);
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        ended.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private void stall(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, CONTENT.length);
        exchange.getResponseBody().write(CONTENT, 0, 4);
        exchange.getResponseBody().flush();
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        exchange.close();
    }

    /** In ten pieces, of which each comes in time, and all together do not. */
    private void writeSlowly(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, CONTENT.length);
        for (byte one : CONTENT) {
            LockSupport.parkNanos(Duration.ofMillis(600).toNanos());
            exchange.getResponseBody().write(one);
            exchange.getResponseBody().flush();
        }
        exchange.close();
    }

    private void refuse(HttpExchange exchange) throws IOException {
        byte[] body = "{\"errors\":[{\"message\":\"no such file\"}]}".getBytes(UTF_8);
        exchange.sendResponseHeaders(404, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private RestClient client(Duration silenceTimeout) {
        RestClient client = new RestClient(silenceTimeout);
        client.url = "http://localhost:" + server.getAddress().getPort();
        return client;
    }

    @Test
    @Timeout(120)
    void aDownloadThatStallsEnds() {
        assertThatExceptionOfType(CommandFailure.class)
                .isThrownBy(
                        () ->
                                client(Duration.ofSeconds(1))
                                        .download("/stalled", folder.resolve("file"), 10))
                .withMessageContaining("has sent nothing of /stalled for 1 seconds")
                .withMessageContaining("run the command again");
    }

    @Test
    void aDownloadTakesAsLongAsItTakes() throws Exception {
        Path file = folder.resolve("file");
        client(Duration.ofSeconds(5)).download("/slow", file, 10);
        assertThat(file).hasBinaryContent(CONTENT);
    }

    @Test
    void nothingIsLeftOfWhatIsRefused() {
        Path file = folder.resolve("file");
        assertThatExceptionOfType(CommandFailure.class)
                .isThrownBy(() -> client(Duration.ofMinutes(1)).download("/refused", file, 0))
                .withMessage("no such file");
        assertThat(file).doesNotExist();
    }

    @Test
    void ofSeveralKeysInTheEnvironmentTheFirstIsShown() {
        assertThat(RestClient.firstOf(" one ,two")).isEqualTo("one");
        assertThat(RestClient.firstOf("")).isNull();
        assertThat(RestClient.firstOf(null)).isNull();
    }
}
