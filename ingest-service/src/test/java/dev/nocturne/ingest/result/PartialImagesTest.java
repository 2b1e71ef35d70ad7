package dev.nocturne.ingest.result;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.PictureFormat;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What becomes of images that come; nothing of it needs a broker. */
class PartialImagesTest {

    private final Set<String> finished = new HashSet<>();
    private final List<PartialImage> news = new ArrayList<>();
    private final PartialImages images =
            new PartialImages(
                    new KafkaSettings("localhost:1", Map.of()),
                    new SimpleMeterRegistry(),
                    image -> finished.contains(image.requestId()),
                    news::add);

    private static PartialImage image(String request, int index, int bytes) {
        return new PartialImage(
                "job-1", request, "a", index, 7, 64, 64, PictureFormat.PNG, new byte[bytes]);
    }

    private void take(PartialImage... some) {
        for (PartialImage image : some) {
            images.take(image);
        }
    }

    @Test
    void whoFollowsGetsEachImageOnceAndInOrderAlsoIfItIsDrawnAgain() {
        List<Integer> seen = new ArrayList<>();
        images.follow("job-1", image -> seen.add(image.index()));
        take(image("a", 0, 1), image("a", 0, 1), image("a", 2, 1), image("a", 1, 1));
        assertThat(seen).containsExactly(0, 2);

        images.unfollow("job-1");
        take(image("a", 3, 1));
        assertThat(seen).hasSize(2);
    }

    @Test
    void theLatestIsKeptUntilItsRequestIsFinished() {
        take(image("a", 1, 1), image("a", 0, 1), image("b", 0, 1));
        assertThat(images.latest("job-1", "a").orElseThrow().index()).isEqualTo(1);

        images.finished("job-1", "a");
        finished.add("a");
        take(image("a", 2, 1));
        assertThat(images.latest("job-1", "a")).as("it came too late").isEmpty();
        assertThat(images.latest("job-1", "b")).isPresent();
        assertThat(images.latest("job-2", "b")).isEmpty();
        assertThat(news).extracting(PartialImage::requestId).containsExactly("a", "a", "b");
    }

    @Test
    void ofMoreThanThereIsRoomForThoseThatGrowStay() {
        int aMebibyte = 1 << 20;
        for (int i = 0; i < 16; i++) {
            take(image("r" + i, 0, aMebibyte));
        }
        take(image("r0", 1, aMebibyte));
        take(image("more", 0, aMebibyte));
        assertThat(images.latest("job-1", "r0")).isPresent();
        assertThat(images.latest("job-1", "r1")).isEmpty();
        assertThat(images.latest("job-1", "r2")).isPresent();
        assertThat(images.latest("job-1", "more")).isPresent();
    }
}
