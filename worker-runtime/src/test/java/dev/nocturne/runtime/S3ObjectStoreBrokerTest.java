package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.schemas.ReasonCodes;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a real S3 endpoint. */
class S3ObjectStoreBrokerTest {

    @TempDir static Path dataDir;
    private static EmbeddedObjectStore endpoint;
    private static ObjectStore store;

    @BeforeAll
    static void start() {
        endpoint = EmbeddedObjectStore.start(dataDir.resolve("objects"), 0);
        store = ObjectStore.open(settings(endpoint.endpoint(), endpoint.secretKey(), "pictures"));
        store.ensureBucket();
    }

    @AfterAll
    static void stop() {
        endpoint.close();
    }

    private static ObjectStoreSettings settings(String endpoint, String secretKey, String bucket) {
        return new ObjectStoreSettings(
                endpoint,
                "us-east-1",
                S3ObjectStoreBrokerTest.endpoint.accessKey(),
                secretKey,
                bucket);
    }

    @Test
    void objectsComeBackAsTheyWerePut() {
        store.put("jobs/1/images/a/1.png", new byte[] {1, 2, 3}, "image/png");
        assertThat(store.get("jobs/1/images/a/1.png")).containsExactly(1, 2, 3);
        assertThat(store.exists("jobs/1/images/a/1.png")).isTrue();
        assertThat(store.exists("jobs/1/images/a/2.png")).isFalse();
        assertThat(store.find("jobs/1/images/a/1.png")).contains(new byte[] {1, 2, 3});
        assertThat(store.find("jobs/1/images/a/2.png")).isEmpty();
    }

    @Test
    void aFileOfSeveralPartsComesBackAsAStreamUntilItIsDeleted(@TempDir Path folder)
            throws IOException {
        byte[] content = new byte[12 << 20];
        new Random(1).nextBytes(content);
        store.put("large", Files.write(folder.resolve("large"), content), "application/jsonl");
        try (InputStream in = store.open("large")) {
            assertThat(in).hasBinaryContent(content);
        }

        store.delete("large");
        store.delete("large");
        assertThat(store.exists("large")).isFalse();
        assertThatExceptionOfType(PermanentException.class)
                .isThrownBy(() -> store.open("large"))
                .withMessageContaining("get large: NoSuchKey");
    }

    @Test
    void puttingTwiceReplaces() {
        store.put("twice", new byte[] {1}, "application/octet-stream");
        store.put("twice", new byte[] {2, 3}, "application/octet-stream");
        assertThat(store.get("twice")).containsExactly(2, 3);
    }

    @Test
    void listingGoesIntoFolders() {
        for (String key : List.of("list/b/1.png", "list/a/2.png", "list/a/1.png", "other")) {
            store.put(key, new byte[0], "image/png");
        }
        assertThat(store.list("list/"))
                .containsExactly("list/a/1.png", "list/a/2.png", "list/b/1.png");
    }

    @Test
    void aLinkFetchesTheObjectWithoutCredentialsUnlessItIsChanged() throws Exception {
        store.put("linked/a file.json", new byte[] {7, 8}, "application/json");
        store.put("linked/other", new byte[] {9}, "application/json");
        String link = store.link("linked/a file.json", ObjectStore.LONGEST_LINK);
        assertThat(get(link).statusCode()).isEqualTo(200);
        assertThat(get(link).body()).containsExactly(7, 8);
        assertThat(get(link).headers().firstValue("Content-Type")).contains("application/json");

        String otherSignature =
                link.replaceFirst(
                        "Signature=(.)", "Signature=" + (link.contains("Signature=0") ? "1" : "0"));
        for (String changed :
                List.of(
                        otherSignature,
                        link.replace("linked/a%20file.json", "linked/other"),
                        link.replace("Expires=604800", "Expires=604799"),
                        link.substring(0, link.indexOf('?')))) {
            assertThat(changed).isNotEqualTo(link);
            assertThat(get(changed).statusCode()).as(changed).isEqualTo(403);
        }
    }

    @Test
    void aLinkHasTheAddressThatItsReadersKnow() {
        ObjectStore hidden =
                ObjectStore.open(
                        new ObjectStoreSettings(
                                endpoint.endpoint(),
                                "us-east-1",
                                endpoint.accessKey(),
                                endpoint.secretKey(),
                                "pictures",
                                "tenant-a",
                                "https://pictures.example.org"));
        assertThat(hidden.link("jobs/1/x.png", Duration.ofSeconds(5)))
                .startsWith("https://pictures.example.org/pictures/tenant-a/jobs/1/x.png?")
                .contains("X-Amz-Expires=5&");
    }

    @Test
    void aPrefixIsAllThatOthersSee() throws Exception {
        ObjectStore tenant = ObjectStore.open(withPrefix("tenants/a/"));
        tenant.put("jobs/1/x", new byte[] {1}, "application/octet-stream");
        assertThat(tenant.get("jobs/1/x")).containsExactly(1);
        assertThat(tenant.exists("jobs/1/x")).isTrue();
        assertThat(tenant.list("jobs/")).containsExactly("jobs/1/x");
        assertThat(get(tenant.link("jobs/1/x", Duration.ofMinutes(1))).body()).containsExactly(1);

        assertThat(store.list("tenants/")).containsExactly("tenants/a/jobs/1/x");
        assertThat(store.exists("jobs/1/x")).isFalse();
        assertThat(ObjectStore.open(withPrefix("tenants/b")).list("")).isEmpty();

        tenant.delete("jobs/1/x");
        assertThat(store.list("tenants/")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a", "a//b", "../a", "a b", "a/../b"})
    void aPrefixThatIsNoneNeedsAPerson(String prefix) {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> ObjectStore.open(withPrefix(prefix)))
                .withMessageContaining("'%s/': write it like tenant-a/".formatted(prefix));
    }

    private static ObjectStoreSettings withPrefix(String prefix) {
        return new ObjectStoreSettings(
                endpoint.endpoint(),
                "us-east-1",
                endpoint.accessKey(),
                endpoint.secretKey(),
                "pictures",
                prefix,
                endpoint.endpoint());
    }

    private static HttpResponse<byte[]> get(String url) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(url)).build(),
                        HttpResponse.BodyHandlers.ofByteArray());
    }

    @Test
    void bucketMayBeThereAlready() {
        store.ensureBucket();
    }

    @Test
    void missingObjectIsPermanent() {
        assertThatExceptionOfType(PermanentException.class)
                .isThrownBy(() -> store.get("nowhere"))
                .withMessageContaining("get nowhere: NoSuchKey")
                .extracting(PermanentException::reasonCode)
                .isEqualTo(ReasonCodes.STORAGE_ERROR);
    }

    @Test
    void wrongSecretNeedsAPerson() {
        ObjectStore stranger =
                ObjectStore.open(settings(endpoint.endpoint(), "wrong-secret", "pictures"));
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> stranger.put("key", new byte[1], "image/png"))
                .withMessageContaining("check the bucket, the access key and the secret key");
    }

    @Test
    void missingBucketNeedsAPerson() {
        ObjectStore lost =
                ObjectStore.open(settings(endpoint.endpoint(), endpoint.secretKey(), "no-such"));
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> lost.put("key", new byte[1], "image/png"))
                .withMessageContaining("NoSuchBucket");
    }

    @Test
    void absentStoreIsTransient() {
        ObjectStore absent =
                ObjectStore.open(settings("http://127.0.0.1:1", endpoint.secretKey(), "pictures"));
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(() -> absent.exists("key"))
                .withMessageContaining("http://127.0.0.1:1");
    }

    /** The SDK repeats nothing by itself: its attempts would multiply with ours. */
    @ParameterizedTest
    @ValueSource(ints = {429, 500, 503})
    void aBusyStoreIsTransientAfterOneRequest(int status) throws IOException {
        AtomicInteger requests = new AtomicInteger();
        HttpServer busy =
                answering(
                        exchange -> {
                            requests.incrementAndGet();
                            exchange.getResponseHeaders().add("Content-Type", "application/xml");
                            byte[] error = "<Error><Code>SlowDown</Code></Error>".getBytes();
                            exchange.sendResponseHeaders(status, error.length);
                            exchange.getResponseBody().write(error);
                        });
        try {
            assertThatExceptionOfType(TransientException.class)
                    .isThrownBy(() -> at(busy).get("key"));
            assertThat(requests).hasValue(1);
        } finally {
            busy.stop(0);
        }
    }

    @Test
    void aStoreThatGoesAwayInTheMiddleOfAnAnswerIsTransient() throws IOException {
        HttpServer leaving =
                answering(
                        exchange -> {
                            exchange.sendResponseHeaders(200, 1000);
                            exchange.getResponseBody().write(new byte[10]);
                        });
        try {
            assertThatExceptionOfType(TransientException.class)
                    .isThrownBy(() -> at(leaving).get("key"));
            assertThatExceptionOfType(TransientException.class)
                    .isThrownBy(() -> at(leaving).list("jobs/"));
        } finally {
            leaving.stop(0);
        }
    }

    private static HttpServer answering(HttpHandler handler) throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/",
                exchange -> {
                    try (exchange) {
                        handler.handle(exchange);
                    }
                });
        server.start();
        return server;
    }

    private static ObjectStore at(HttpServer server) {
        return ObjectStore.open(
                settings(
                        "http://127.0.0.1:" + server.getAddress().getPort(), "secret", "pictures"));
    }

    @Test
    void badEndpointNeedsAPerson() {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> ObjectStore.open(settings("localhost/path", "secret", "b")))
                .withMessageContaining("localhost/path");
    }
}
