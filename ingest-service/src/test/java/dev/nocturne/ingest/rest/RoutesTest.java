package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoutesTest {

    private final Routes routes = Routes.own();

    @Test
    void anAddressTakesWhatIsDescribedAndWhatFollowsFromIt() {
        assertThat(routes.methods("/v1/jobs")).contains(Set.of("GET", "HEAD", "OPTIONS", "POST"));
        assertThat(routes.methods("/v1/files/file-1"))
                .contains(Set.of("DELETE", "GET", "HEAD", "OPTIONS"));
        assertThat(routes.methods("/v1/batches/batch_1/cancel"))
                .contains(Set.of("OPTIONS", "POST"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/jobs/",
                "/v1/jobs/a%2Fb/files/x",
                "/v1/jobs/j/files/images/00ff/1.png",
                "/v1/images/j/r/candidates/0.png"
            })
    void theseAreAddresses(String path) {
        assertThat(routes.methods(path)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/", "/v1", "/v1/job", "/v1/files/a/b", "/v1/jobs/j/files/", "/v2/jobs"})
    void theseAreNone(String path) {
        assertThat(routes.methods(path)).isEmpty();
    }
}
