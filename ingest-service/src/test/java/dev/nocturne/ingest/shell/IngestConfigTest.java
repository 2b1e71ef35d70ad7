package dev.nocturne.ingest.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.runtime.ObjectStoreSettings;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The variables that docs/security.md names. */
class IngestConfigTest {

    @Test
    void kafkasOwnSettingsAreVariablesInCapitals() {
        IngestConfig config =
                config(
                        Map.of(
                                "NOCTURNE_KAFKA_OVERRIDES_SECURITY_PROTOCOL", "SASL_SSL",
                                "NOCTURNE_KAFKA_OVERRIDES_SASL_JAAS_CONFIG", "a=\"b\";",
                                "NOCTURNE_KAFKA_OVERRIDES_SSL_TRUSTSTORE_LOCATION", "/ca.pem"));

        assertThat(config.kafka().overrides())
                .containsOnly(
                        Map.entry("security.protocol", "SASL_SSL"),
                        Map.entry("sasl.jaas.config", "a=\"b\";"),
                        Map.entry("ssl.truststore.location", "/ca.pem"));
    }

    @Test
    void theStoresKeysMayBeLeftOut() {
        IngestConfig none = config(Map.of());
        assertThat(ObjectStoreSettings.of(none.s3()))
                .isEqualTo(
                        new ObjectStoreSettings(
                                "http://s3:9000",
                                "us-east-1",
                                Optional.empty(),
                                Optional.empty(),
                                "nocturne",
                                "",
                                "http://s3:9000"));

        IngestConfig all =
                config(
                        Map.of(
                                "NOCTURNE_S3_ACCESS_KEY", "a",
                                "NOCTURNE_S3_SECRET_KEY", "s",
                                "NOCTURNE_S3_SESSION_TOKEN", "t",
                                "NOCTURNE_S3_CA_FILE", "/ca.pem",
                                "NOCTURNE_S3_REGION", "eu-central-1",
                                "NOCTURNE_S3_BUCKET", "b",
                                "NOCTURNE_S3_PREFIX", "tenant-a",
                                "NOCTURNE_S3_PUBLIC_ENDPOINT", "https://pictures"));
        assertThat(ObjectStoreSettings.of(all.s3()))
                .isEqualTo(
                        new ObjectStoreSettings(
                                "http://s3:9000",
                                "eu-central-1",
                                Optional.of(new ObjectStoreSettings.Keys("a", "s", "t")),
                                Optional.of(Path.of("/ca.pem")),
                                "b",
                                "tenant-a/",
                                "https://pictures"));
    }

    private static IngestConfig config(Map<String, String> variables) {
        Map<String, String> needed =
                Map.of(
                        "nocturne.kafka.bootstrap-servers", "kafka:9092",
                        "nocturne.s3.endpoint", "http://s3:9000");
        return new SmallRyeConfigBuilder()
                .withMapping(IngestConfig.class)
                .withDefaultValues(needed)
                .withSources(new EnvConfigSource(variables, 300))
                .addDefaultInterceptors()
                .build()
                .getConfigMapping(IngestConfig.class);
    }
}
