package dev.nocturne.ingest.shell;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
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
        assertThat(none.s3().accessKey()).isEmpty();
        assertThat(none.s3().secretKey()).isEmpty();

        IngestConfig all =
                config(
                        Map.of(
                                "NOCTURNE_S3_ACCESS_KEY", "a",
                                "NOCTURNE_S3_SECRET_KEY", "s",
                                "NOCTURNE_S3_SESSION_TOKEN", "t",
                                "NOCTURNE_S3_CA_FILE", "/ca.pem"));
        assertThat(all.s3().sessionToken()).contains("t");
        assertThat(all.s3().caFile()).hasToString("Optional[/ca.pem]");
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
