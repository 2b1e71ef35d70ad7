package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store that refuses signatures, as one does whose clock is another. */
class WrongClockBrokerTest {

    private HttpServer server;

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"RequestTimeTooSkewed", "SignatureDoesNotMatch", "AccessDenied"})
    void aWrongClockIsNamedAndWaitedFor(String code) throws IOException {
        ObjectStore store = refusing(code, Duration.ofMinutes(61).plusSeconds(30));
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(() -> store.put("key", new byte[1], "image/png"))
                .withMessageContaining("clock of this machine is 61 minutes ahead of the store's")
                .withMessageContaining(code);
        // its answer has no body
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(store::ensureBucket)
                .withMessageContaining("clock of this machine is 61 minutes ahead of the store's");
    }

    @Test
    void aWrongKeyNeedsAPersonWhereTheClocksAgree() throws IOException {
        ObjectStore store = refusing("SignatureDoesNotMatch", Duration.ZERO);
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> store.put("key", new byte[1], "image/png"))
                .withMessageContaining("check the bucket, the access key and the secret key");
    }

    private ObjectStore refusing(String code, Duration ahead) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/",
                exchange -> {
                    try (exchange) {
                        exchange.getRequestBody().readAllBytes();
                        byte[] error = "<Error><Code>%s</Code></Error>".formatted(code).getBytes();
                        boolean head = exchange.getRequestMethod().equals("HEAD");
                        exchange.getResponseHeaders().set("Content-Type", "application/xml");
                        exchange.sendResponseHeaders(403, head ? -1 : error.length);
                        if (!head) {
                            exchange.getResponseBody().write(error);
                        }
                    }
                });
        server.start();
        return new S3ObjectStore(
                new ObjectStoreSettings(
                        "http://127.0.0.1:" + server.getAddress().getPort(),
                        "us-east-1",
                        "key",
                        "secret",
                        "pictures"),
                Clock.offset(Clock.systemUTC(), ahead));
    }
}
