package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Limits;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class JobCoverTest {

    private static final String JOB = "job-1";
    private static final Instant START = Instant.parse("2026-01-01T20:00:00Z");

    private final JobCover cover = new JobCover();

    private static RequestFinished painted(int second) {
        String request = Ids.requestId(JOB, "line-" + second);
        return new RequestFinished(
                new RequestRef(JOB, request, "line-" + second, "caption " + second),
                RequestStatus.COMPLETED,
                Stream.of(1, 2)
                        .map(
                                rank ->
                                        new StoredImage(
                                                rank,
                                                "jobs/%s/images/%s/%d.webp"
                                                        .formatted(JOB, request, rank),
                                                "00ff",
                                                9L,
                                                3,
                                                7L,
                                                0.5f,
                                                -7.5))
                        .toList(),
                null,
                START.plusSeconds(second));
    }

    private static String address(int second) {
        return "v1/images/%s/%s/1.webp".formatted(JOB, Ids.requestId(JOB, "line-" + second));
    }

    private static RequestFinished unpainted(String caption, int second) {
        return new RequestFinished(
                new RequestRef(JOB, "0123456789abcdef", "bad", caption),
                RequestStatus.FAILED,
                List.of(),
                null,
                START.plusSeconds(second));
    }

    @Test
    void aJobIsKnownByItsFirstCaptionBeforeAnythingIsPainted() {
        assertThat(cover.caption()).isNull();
        cover.submitted("a red apple");
        cover.finished(painted(1));
        assertThat(cover.caption()).isEqualTo("a red apple");
    }

    @Test
    void theFirstResultNamesAJobOfAnEarlierVersion() {
        cover.finished(unpainted("", 0)); // a line that was no caption
        cover.finished(painted(2));
        cover.finished(painted(1));
        cover.submitted(null);
        assertThat(cover.caption()).isEqualTo("caption 1");
    }

    @Test
    void itsPicturesAreTheBestOfTheFirstFourWhateverTheOrderOfTheLog() {
        List<RequestFinished> events =
                new ArrayList<>(IntStream.rangeClosed(1, 6).mapToObj(i -> painted(i)).toList());
        events.add(painted(1)); // a replay
        events.add(unpainted("a riddle", 0));
        Collections.reverse(events);
        events.forEach(cover::finished);
        assertThat(cover.pictures())
                .containsExactly(address(1), address(2), address(3), address(4));
    }

    @Test
    void aCaptionOfAnyLengthIsCutWhereACharacterEnds() {
        cover.submitted("🌙".repeat(Limits.MAX_CAPTION_CHARS + 1));
        assertThat(cover.caption()).isEqualTo("🌙".repeat(Limits.MAX_CAPTION_CHARS - 1) + "…");
    }
}
