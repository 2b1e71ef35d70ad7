package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.ingest.Problem;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoutesTest {

    private final Routes routes = Routes.own();

    private Optional<Set<String>> methods(String path) {
        return routes.find(path).map(Routes.Route::methods);
    }

    @Test
    void aParameterComesOnceAndSaysSomething() {
        Routes.Route files = routes.find("/v1/files").orElseThrow();
        assertThat(fault(files, "limit", "")).contains("limit is empty");
        assertThat(fault(files, "order", "")).contains("order is empty");
        assertThat(fault(files, "after", "a", "b")).contains("after comes 2 times: send it once");
        assertThat(fault(files, "after", "")).isEmpty();
        assertThat(fault(files, "limit", "0")).as("the resource's business").isEmpty();
        assertThat(fault(files, "unknown", "", "")).isEmpty();
    }

    private static String fault(Routes.Route route, String parameter, String... values) {
        return route.fault("GET", name -> name.equals(parameter) ? List.of(values) : List.of())
                .map(Problem::message)
                .orElse("");
    }

    @Test
    void anAddressTakesWhatIsDescribedAndWhatFollowsFromIt() {
        assertThat(methods("/v1/jobs")).contains(Set.of("GET", "HEAD", "OPTIONS", "POST"));
        assertThat(methods("/v1/files/file-1"))
                .contains(Set.of("DELETE", "GET", "HEAD", "OPTIONS"));
        assertThat(methods("/v1/batches/batch_1/cancel")).contains(Set.of("OPTIONS", "POST"));
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
        assertThat(routes.find(path)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/v1", "/v1/job", "/v1/files/a/b", "/v2/jobs"})
    void theseAreNone(String path) {
        assertThat(routes.find(path)).isEmpty();
    }
}
