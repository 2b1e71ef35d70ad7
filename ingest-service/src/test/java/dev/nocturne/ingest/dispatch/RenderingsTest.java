package dev.nocturne.ingest.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.schemas.Ids;
import java.util.List;
import org.junit.jupiter.api.Test;

class RenderingsTest {

    private static final String REQUEST = "0123456789abcdef";

    @Test
    void candidatesOfAJobAreFoundByTheirPrefixAndOthersAreNot() {
        List<String> bucket =
                List.of(
                        "jobs/caption-tree-%s-3/images/x/1.png".formatted(REQUEST),
                        "jobs/caption-tree-%s-3/images/x/result.json".formatted(REQUEST),
                        "jobs/caption-tree-%s-512/images/x/1.png".formatted(REQUEST),
                        "jobs/caption-tree-house/images/x/1.png",
                        "jobs/caption-trees-%s-3/images/x/1.png".formatted(REQUEST));
        assertThat(
                        Renderings.of(
                                "tree",
                                List.of(),
                                prefix ->
                                        bucket.stream()
                                                .filter(key -> key.startsWith(prefix))
                                                .toList()))
                .containsExactly(
                        "caption-tree-%s-3".formatted(REQUEST),
                        "caption-tree-%s-512".formatted(REQUEST));
    }

    @Test
    void thoseOfALongIdAreNamedByHashesOfTheirs() {
        String job = "caption-" + "x".repeat(110);
        List<String> own = List.of("jobs/%s/images/%s/result.json".formatted(job, REQUEST));
        String seventh = Ids.captionJobId("%s-%s-7".formatted(job, REQUEST));
        assertThat(Ids.isJobId("caption-%s-%s-7".formatted(job, REQUEST))).isFalse();
        assertThat(
                        Renderings.of(
                                job,
                                own,
                                prefix -> {
                                    throw new AssertionError("no prefix finds them");
                                }))
                .contains(seventh);
    }
}
