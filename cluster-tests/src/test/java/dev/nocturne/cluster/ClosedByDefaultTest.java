package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is open to others is so because somebody said it, and no secret is everybody's. */
class ClosedByDefaultTest {

    private static final Path REPOSITORY = Path.of("..");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ingest-service",
                "encoder-worker",
                "generator-worker",
                "decoder-worker",
                "rerank-service",
                "standalone"
            })
    void aProcessListensOnLoopback(String module) throws Exception {
        Properties properties = new Properties();
        try (Reader file =
                Files.newBufferedReader(
                        REPOSITORY
                                .resolve(module)
                                .resolve("src/main/resources/application.properties"))) {
            properties.load(file);
        }

        assertThat(properties).containsEntry("quarkus.http.host", "127.0.0.1");
    }

    @Test
    void theImageListensForOthersAndComposePublishesOnLoopbackAlone() throws Exception {
        assertThat(REPOSITORY.resolve("Dockerfile"))
                .content()
                .contains("ENV QUARKUS_HTTP_HOST=0.0.0.0\n");
        assertThat(Files.readAllLines(REPOSITORY.resolve("docker-compose.yml")))
                .filteredOn(line -> line.matches(" +- \"[\\d.:-]+\""))
                .hasSize(5)
                .allMatch(line -> line.contains("\"127.0.0.1:"));
    }

    @Test
    void composeHasNoSecretOfItsOwn() throws Exception {
        ComposeFile compose = ComposeFile.read(REPOSITORY.resolve("docker-compose.yml"));
        Path anywhere = Path.of("anywhere");

        for (String service :
                new String[] {"ingest-service", "encoder-worker", "decoder-worker", "s3"}) {
            assertThatThrownBy(
                            () ->
                                    compose.environment(
                                            service,
                                            new ComposeFile.Places(
                                                    "k", "s", anywhere, anywhere, Map.of())))
                    .as(service)
                    .hasMessageContaining("NOCTURNE_S3_SECRET_KEY");
        }
    }
}
