package dev.nocturne.ingest.rest;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Kafka and S3 for the service under test, configured as a deployment configures them. */
public class EmbeddedServers implements QuarkusTestResourceLifecycleManager {

    /** Of all keys; nobody but the store's settings need know. */
    static final String PREFIX = "tenant-a/";

    private EmbeddedBroker broker;
    private EmbeddedObjectStore store;

    /** What a test opens the store with that the service under test writes to. */
    static ObjectStoreSettings settings(String endpoint, String accessKey, String secretKey) {
        return new ObjectStoreSettings(
                endpoint, "us-east-1", accessKey, secretKey, "nocturne", PREFIX, endpoint);
    }

    @Override
    public Map<String, String> start() {
        try {
            Path folder = Files.createTempDirectory(Path.of("target"), "servers-");
            broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
            store = EmbeddedObjectStore.start(folder.resolve("s3"), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Map.of(
                "quarkus.http.test-port", "0",
                "nocturne.kafka.bootstrap-servers", broker.bootstrapServers(),
                "nocturne.s3.endpoint", store.endpoint(),
                "nocturne.s3.public-endpoint", store.endpoint().replace("127.0.0.1", "localhost"),
                "nocturne.s3.prefix", PREFIX,
                "nocturne.s3.access-key", store.accessKey(),
                "nocturne.s3.secret-key", store.secretKey());
    }

    @Override
    public void stop() {
        store.close();
        broker.close();
    }
}
