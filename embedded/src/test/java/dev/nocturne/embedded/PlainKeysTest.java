package dev.nocturne.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.minio.ListObjectsArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.Result;
import io.minio.messages.Item;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.stream.StreamSupport;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Keys that no file can have, and those that one has, by presigned links of version 2, as older
 * tools make them.
 */
class PlainKeysTest {

    private static final long MINUTE_SECONDS = 60;

    @TempDir static Path folder;
    private static EmbeddedObjectStore store;
    private static MinioClient client;

    @BeforeAll
    static void start() throws Exception {
        store = EmbeddedObjectStore.start(folder.resolve("objects"), 0);
        client =
                MinioClient.builder()
                        .endpoint(store.endpoint())
                        .region("us-east-1")
                        .credentials(store.accessKey(), store.secretKey())
                        .build();
        client.makeBucket(MakeBucketArgs.builder().bucket("pictures").build());
    }

    @AfterAll
    static void stop() {
        store.close();
    }

    @Test
    void aLinkOfTheOlderSignatureWorksUntilItEnds() throws Exception {
        assertThat(send("PUT", "older/1 a.png", "a picture").statusCode()).isEqualTo(200);

        HttpResponse<String> got = send("GET", "older/1 a.png", null);
        assertThat(got.statusCode()).isEqualTo(200);
        assertThat(got.body()).isEqualTo("a picture");

        String link = link("GET", "older/1 a.png", MINUTE_SECONDS);
        assertThat(send("GET", link.replace("Signature=", "Signature=A")).statusCode())
                .isEqualTo(403);
        assertThat(send("GET", link("GET", "older/1 a.png", -MINUTE_SECONDS)).statusCode())
                .isEqualTo(403);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a/",
                "a//b",
                "/a",
                "//",
                "a/./b",
                "a/../b",
                "../a",
                "a/..",
                "tab\there/b",
                "nul\0"
            })
    void aKeyThatNoFileCanHaveIsRefusedAndNotThere(String key) throws Exception {
        send("PUT", "a/b", "another object");

        HttpResponse<String> refused = send("PUT", key, "some bytes");

        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
        assertThat(send("GET", key, null).statusCode()).isIn(400, 404);
        assertThat(send("DELETE", key, null).statusCode()).isIn(204, 400);
        assertThat(send("GET", "a/b", null).body()).isEqualTo("another object");
        assertThat(keys("")).doesNotContain("a/", "a//b", "b", "a");
    }

    /** What a tool shows its user. */
    @ParameterizedTest
    @ValueSource(strings = {"folder/", "folder//x"})
    void theErrorSaysWhatIsWrongWithTheKey(String key) throws Exception {
        assertThat(send("PUT", key, "some bytes").body())
                .contains("<Code>InvalidArgument</Code>", "ends with a slash, or has two in a row");
    }

    @Test
    void noNameIsAFileAndAFolder() throws Exception {
        send("PUT", "leaf", "a file");
        send("PUT", "branch/leaf", "a file");

        HttpResponse<String> below = send("PUT", "leaf/below", "some bytes");
        assertThat(below.statusCode()).isEqualTo(400);
        assertThat(below.body()).contains("there is an object 'leaf', which is no folder");
        HttpResponse<String> above = send("PUT", "branch", "some bytes");
        assertThat(above.statusCode()).isEqualTo(400);
        assertThat(above.body()).contains("there are objects below it");

        HttpResponse<String> longName = send("PUT", "x".repeat(201), "some bytes");
        assertThat(longName.statusCode()).isEqualTo(400);
        assertThat(longName.body()).contains("more than 200 bytes between two slashes");
    }

    @Test
    void keysWithDotsAndSpacesAreThere() throws Exception {
        for (String key : List.of("kept/.hidden", "kept/a..b", "kept/...", "kept/ü ö+&.png")) {
            assertThat(send("PUT", key, key).statusCode()).as(key).isEqualTo(200);
            assertThat(send("GET", key, null).body()).isEqualTo(key);
        }
        assertThat(keys("kept/"))
                .containsExactlyInAnyOrder(
                        "kept/.hidden", "kept/a..b", "kept/...", "kept/ü ö+&.png");
        assertThat(keys("kept//")).isEmpty();
        assertThat(keys("kept/../")).isEmpty();
    }

    private static List<String> keys(String prefix) {
        Iterable<Result<Item>> items =
                client.listObjects(
                        ListObjectsArgs.builder()
                                .bucket("pictures")
                                .prefix(prefix)
                                .recursive(true)
                                .build());
        return StreamSupport.stream(items.spliterator(), false)
                .map(
                        item -> {
                            try {
                                return item.get().objectName();
                            } catch (Exception e) {
                                throw new IllegalStateException(e);
                            }
                        })
                .toList();
    }

    private static HttpResponse<String> send(String method, String key, String body)
            throws Exception {
        return sendTo(method, link(method, key, MINUTE_SECONDS), body == null ? "" : body);
    }

    private static HttpResponse<String> send(String method, String link) throws Exception {
        return sendTo(method, link, "");
    }

    private static HttpResponse<String> sendTo(String method, String link, String body)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(link))
                        .method(
                                method,
                                body.isEmpty()
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(body))
                        .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    /** See "Signing and authenticating REST requests" in the documentation of S3. */
    private static String link(String method, String key, long validSeconds) throws Exception {
        long expires = Instant.now().getEpochSecond() + validSeconds;
        String path =
                "/pictures/"
                        + URLEncoder.encode(key, UTF_8).replace("+", "%20").replace("%2F", "/");
        Mac mac = Mac.getInstance("HmacSHA1");
        mac.init(new SecretKeySpec(store.secretKey().getBytes(UTF_8), "HmacSHA1"));
        String signed = "%s\n\n\n%d\n%s".formatted(method, expires, path);
        String signature =
                URLEncoder.encode(
                        Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(UTF_8))),
                        UTF_8);
        return "%s%s?AWSAccessKeyId=%s&Expires=%d&Signature=%s"
                .formatted(store.endpoint(), path, store.accessKey(), expires, signature);
    }
}
