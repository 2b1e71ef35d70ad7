package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What containers may not do; where they run is tested by their users. */
class ComposeFileTest {

    private final ComposeFile compose = ComposeFile.read(Path.of("..", "docker-compose.yml"));

    ComposeFileTest() throws IOException {}

    @Test
    void everyContainerIsBoundedAndHasNoRightsToSpare() {
        compose.services()
                .forEach(
                        (name, service) ->
                                assertThat(service)
                                        .as(name)
                                        .containsEntry("cap_drop", List.of("ALL"))
                                        .containsEntry(
                                                "security_opt", List.of("no-new-privileges:true"))
                                        .containsKey("mem_limit"));
    }

    @Test
    void ourOwnContainersWriteToTheirVolumesAlone() {
        List<String> ours = new ArrayList<>(compose.ownServices());
        ours.addAll(compose.servicesOf("gpu"));
        for (String name : ours) {
            Map<String, Object> service = compose.services().get(name);
            assertThat(service).as(name).containsEntry("read_only", true).containsKey("tmpfs");
            assertThat((List<?>) service.get("volumes")).as(name).isNotEmpty();
        }
    }

    @Test
    void everyPortIsOfThisHostAlone() {
        compose.services()
                .values()
                .forEach(
                        service ->
                                assertThat((List<?>) service.getOrDefault("ports", List.of()))
                                        .allSatisfy(
                                                port ->
                                                        assertThat(port.toString())
                                                                .startsWith("127.0.0.1:")));
    }
}
