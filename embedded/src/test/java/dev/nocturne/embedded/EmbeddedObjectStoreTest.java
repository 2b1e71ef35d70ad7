package dev.nocturne.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.minio.BucketExistsArgs;
import io.minio.GetObjectArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import io.minio.errors.ErrorResponseException;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedObjectStoreTest {
    private static final String KEY = "jobs/job-1/images/r1/1.png";

    @TempDir Path folder;

    @Test
    void keepsObjectsOverARestart() throws Exception {
        byte[] content = "a picture".getBytes(UTF_8);
        try (EmbeddedObjectStore store = EmbeddedObjectStore.start(objects(), 0)) {
            MinioClient client = client(store, store.secretKey());
            client.makeBucket(MakeBucketArgs.builder().bucket("nocturne").build());
            client.putObject(
                    PutObjectArgs.builder().bucket("nocturne").object(KEY).stream(
                                    new ByteArrayInputStream(content), (long) content.length, -1L)
                            .contentType("image/png")
                            .build());
        }
        assertThat(objects().resolve("nocturne").resolve(KEY)).hasBinaryContent(content);

        try (EmbeddedObjectStore store = EmbeddedObjectStore.start(objects(), 0);
                var object =
                        client(store, store.secretKey())
                                .getObject(
                                        GetObjectArgs.builder()
                                                .bucket("nocturne")
                                                .object(KEY)
                                                .build())) {
            assertThat(object.readAllBytes()).isEqualTo(content);
            assertThat(object.headers().get("Content-Type")).isEqualTo("image/png");
        }
    }

    @Test
    void refusesAWrongSecret() {
        try (EmbeddedObjectStore store = EmbeddedObjectStore.start(objects(), 0)) {
            MinioClient client = client(store, "guessed");
            assertThatThrownBy(
                            () ->
                                    client.makeBucket(
                                            MakeBucketArgs.builder().bucket("nocturne").build()))
                    .isInstanceOf(ErrorResponseException.class);
            assertThatThrownBy(
                            () ->
                                    client.bucketExists(
                                            BucketExistsArgs.builder().bucket("nocturne").build()))
                    .isInstanceOf(ErrorResponseException.class);
        }
    }

    @Test
    void everyFolderHasASecretOfItsOwnThatLasts() throws Exception {
        Path other = folder.resolve("other");
        String accessKey;
        String secretKey;
        try (EmbeddedObjectStore one = EmbeddedObjectStore.start(folder.resolve("one"), 0);
                EmbeddedObjectStore two = EmbeddedObjectStore.start(other, 0)) {
            accessKey = two.accessKey();
            secretKey = two.secretKey();
            assertThat(secretKey).isNotEqualTo(one.secretKey()).hasSizeGreaterThan(32);
            assertThat(accessKey).isNotEqualTo(one.accessKey());
        }
        assertThat(S3Keys.file(other)).content().contains("aws_secret_access_key = " + secretKey);
        assertThat(Files.getPosixFilePermissions(S3Keys.file(other)))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));

        try (EmbeddedObjectStore two = EmbeddedObjectStore.start(other, 0)) {
            assertThat(two.accessKey()).isEqualTo(accessKey);
            assertThat(two.secretKey()).isEqualTo(secretKey);
            assertThat(client(two, secretKey).listBuckets()).isEmpty(); // the file is no bucket
        }
    }

    @Test
    void aFolderOfAVersionWithoutKeysGetsSomeAndKeepsItsObjects() throws Exception {
        Path old = Files.createDirectories(objects().resolve("nocturne/jobs/job-1"));
        Files.writeString(old.resolve("manifest.json"), "{}");

        try (EmbeddedObjectStore store = EmbeddedObjectStore.start(objects(), 0);
                var object =
                        client(store, store.secretKey())
                                .getObject(
                                        GetObjectArgs.builder()
                                                .bucket("nocturne")
                                                .object("jobs/job-1/manifest.json")
                                                .build())) {
            assertThat(object.readAllBytes()).asString(UTF_8).isEqualTo("{}");
        }
    }

    @Test
    void thePairThatEveryMachineHadIsRefused() {
        try (EmbeddedObjectStore store = EmbeddedObjectStore.start(objects(), 0)) {
            MinioClient client =
                    MinioClient.builder()
                            .endpoint(store.endpoint())
                            .region("us-east-1")
                            .credentials("nocturne", "nocturne-secret")
                            .build();
            assertThatThrownBy(client::listBuckets)
                    .isInstanceOfSatisfying(
                            ErrorResponseException.class,
                            e -> assertThat(e.response().code()).isEqualTo(403));
        }
    }

    @Test
    void aKeysFileOfAnotherFormIsNamed() throws Exception {
        Files.writeString(S3Keys.file(objects()), "[default]\n");

        assertThatThrownBy(() -> EmbeddedObjectStore.start(objects(), 0))
                .isInstanceOf(EmbeddedServerException.class)
                .hasMessageContaining(S3Keys.file(objects()).toString())
                .hasMessageContaining("delete it");
    }

    @Test
    void namesAPortThatIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> EmbeddedObjectStore.start(objects(), taken.getLocalPort()))
                    .isInstanceOf(EmbeddedServerException.class)
                    .hasMessageContaining("Port " + taken.getLocalPort() + " is already in use");
        }
    }

    private Path objects() {
        return folder.resolve("objects");
    }

    private static MinioClient client(EmbeddedObjectStore store, String secretKey) {
        return MinioClient.builder()
                .endpoint(store.endpoint())
                .region("us-east-1")
                .credentials(store.accessKey(), secretKey)
                .build();
    }
}
