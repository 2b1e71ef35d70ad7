package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a store that refuses as AWS does: by region, and by permission. */
class S3RegionsAndPermissionsTest {

    private static final String REGION = "eu-central-1";

    private final List<String> regions = new CopyOnWriteArrayList<>(); // that requests had
    private final Set<String> denied = ConcurrentHashMap.newKeySet(); // methods, or LIST
    private volatile boolean tellsRegion = true;
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            String region = authorization.replaceFirst(".*Credential=[^/]+/\\d+/([^/]+)/.*", "$1");
            regions.add(region);
            String query = exchange.getRequestURI().getQuery();
            String method = exchange.getRequestMethod();
            boolean lists = query != null && query.contains("max-keys");
            if (!region.equals(REGION)) {
                if (tellsRegion) {
                    exchange.getResponseHeaders().add("x-amz-bucket-region", REGION);
                }
                error(
                        exchange,
                        400,
                        "AuthorizationHeaderMalformed",
                        "the region '%s' is wrong; expecting '%s'".formatted(region, REGION));
            } else if (denied.contains(lists ? "LIST" : method)) {
                error(exchange, 403, "AccessDenied", "no");
            } else if (lists) {
                xml(
                        exchange,
                        200,
                        "<ListBucketResult><Name>pictures</Name><Prefix></Prefix><KeyCount>0</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>");
            } else if (method.equals("GET")) {
                error(exchange, 404, "NoSuchKey", "not there");
            } else {
                exchange.getResponseHeaders().add("ETag", "\"00ff\"");
                exchange.sendResponseHeaders(200, -1);
            }
        }
    }

    private static void error(HttpExchange exchange, int status, String code, String message)
            throws IOException {
        xml(
                exchange,
                status,
                "<Error><Code>%s</Code><Message>%s</Message></Error>".formatted(code, message));
    }

    private static void xml(HttpExchange exchange, int status, String body) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "application/xml");
        byte[] bytes = body.getBytes(UTF_8);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(status, -1);
        } else {
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private ObjectStore store(String region) {
        String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
        return ObjectStore.open(
                new ObjectStoreSettings(
                        endpoint,
                        region,
                        ObjectStoreSettings.Keys.of(
                                Optional.of("access"), Optional.of("secret"), Optional.empty()),
                        Optional.empty(),
                        "pictures",
                        "tenant-a/",
                        "https://pictures.example.org"));
    }

    @Test
    void requestsAndLinksAreSignedForTheRegionThatTheStoreNames() {
        ObjectStore store = store("us-east-1");

        assertThat(store.hasBucket()).isTrue();

        assertThat(regions).startsWith("us-east-1").endsWith(REGION);
        regions.clear();
        store.put("a", new byte[] {1}, "image/png");
        assertThat(regions).containsExactly(REGION);
        assertThat(store.link("a", Duration.ofMinutes(1)))
                .startsWith("https://pictures.example.org/pictures/tenant-a/a?")
                .contains("%2F" + REGION + "%2Fs3%2F");
    }

    @Test
    void aPutIsRepeatedWithAllItsBytesOnceTheRegionIsKnown() {
        store("us-east-1").put("a", new byte[] {1, 2, 3}, "image/png");

        assertThat(regions).containsExactly("us-east-1", REGION);
    }

    @Test
    void aRegionThatTheStoreNamesInWordsAloneIsPassedOn() {
        tellsRegion = false;
        ObjectStore store = store("us-west-2");

        for (Runnable request : List.<Runnable>of(store::hasBucket, () -> store.get("a"))) {
            assertThatExceptionOfType(FatalException.class)
                    .isThrownBy(request::run)
                    .withMessageContaining("signed for region us-west-2")
                    .withMessageContaining("set NOCTURNE_S3_REGION")
                    .withMessageContaining("expecting 'eu-central-1'");
        }
    }

    @Test
    void thePermissionThatLacksIsNamed() {
        ObjectStore store = store(REGION);
        denied.addAll(Set.of("HEAD", "GET", "PUT", "DELETE", "LIST"));

        lacks(store::hasBucket, "s3:ListBucket on pictures");
        lacks(() -> store.list("jobs/"), "s3:ListBucket on pictures");
        lacks(() -> store.get("a"), "s3:GetObject on pictures/tenant-a/*, or s3:ListBucket");
        lacks(() -> store.exists("a"), "s3:GetObject on pictures/tenant-a/*, or s3:ListBucket");
        lacks(() -> store.delete("a"), "s3:DeleteObject on pictures/tenant-a/*");
        lacks(
                () -> store.put("a", new byte[] {1}, "image/png"),
                "s3:PutObject on pictures/tenant-a/*");
    }

    private static void lacks(Runnable request, String permission) {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(request::run)
                .withMessageContaining("the keys lack a permission: " + permission)
                .withMessageNotContaining("secret key");
    }

    /** A policy may let keys list their prefix alone. */
    @Test
    void whoMayListThePrefixAloneHasTheBucket() {
        denied.add("HEAD");

        assertThat(store(REGION).hasBucket()).isTrue();
    }
}
