package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdsTest {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    private static IdSource ids(Instant now) {
        return new IdSource(Clock.fixed(now, ZoneOffset.UTC), new Random(1));
    }

    @Test
    void idsSortByTimeAndFollowFromClockAndRandomness() {
        String earlier = ids(NOW).newBatch().id();
        String later = ids(NOW.plusMillis(1)).newBatch().id();
        assertThat(earlier).matches("batch_[0-9a-z]{27}").isLessThan(later);
        assertThat(Ids.isJobId(earlier)).isTrue();
        assertThat(ids(NOW).newBatch()).isEqualTo(ids(NOW).newBatch());
        assertThat(ids(NOW).newFileId()).matches("file-[0-9a-z]{26}");
    }

    @Test
    void aJobOfOursIsClaimedWithItsTokenAloneAndAnyOtherFreely() {
        IdSource ids = ids(NOW);
        IdSource.Owned caption = ids.newCaption();
        for (IdSource.Owned job :
                List.of(
                        ids.newBatch(),
                        ids.newJob(),
                        new IdSource.Owned(Ids.captionJobId(caption.id()), caption.token()))) {
            assertThat(Ids.mayClaim(job.id(), job.token())).isTrue();
            assertThat(Ids.mayClaim(job.id(), null)).isFalse();
            assertThat(Ids.mayClaim(job.id(), ids.newJob().token())).isFalse();
        }
        String ofEarlierVersions = "batch_" + ids.newUlid();
        for (String free : List.of(ofEarlierVersions, "job-1", "caption-tree-1", "demo-7")) {
            assertThat(Ids.mayClaim(free, null)).isTrue();
        }
    }

    @Test
    void requestIdIsPinned() {
        // printf 'job-1\nline-1' | sha256sum
        assertThat(Ids.requestId("job-1", "line-1")).isEqualTo("7e35c8c5526d1756");
    }

    @Test
    void defaultSeedIsTheTopBitsOfTheRequestIdAsManyAsJsonKeeps() {
        int scheme = SeedSchemes.FIRST_IS_OWN;
        assertThat(Ids.defaultSeed("ffffffffffffffff", scheme)).isEqualTo((1L << 53) - 1);
        assertThat(Ids.defaultSeed("0000000000000800", scheme)).isEqualTo(1);
    }

    @Test
    void theOldSchemesDefaultSeedHas63Bits() {
        assertThat(Ids.defaultSeed("ffffffffffffffff", SeedSchemes.MIXED))
                .isEqualTo(Long.MAX_VALUE);
        assertThat(Ids.defaultSeed("0000000000000002", SeedSchemes.MIXED)).isEqualTo(1);
    }

    @Test
    void keysComeApartAsTheyWerePutTogether() {
        assertThat(Ids.parse(Ids.key("job-1", "0123456789abcdef")))
                .isEqualTo(new Ids.RequestKey("job-1", "0123456789abcdef"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "job-1", "/0123456789abcdef", "job-1/xyz", "a/b/0123456789abcdef"})
    void otherKeysAreRefused(String key) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ids.parse(key))
                .withMessageContaining("'" + key + "'");
    }

    @Test
    void aCaptionsOwnJobIsAlwaysAPlainName() {
        assertThat(Ids.captionJobId("apple-7")).isEqualTo("caption-apple-7");
        assertThat(Ids.captionJobId("../../etc")).matches("caption-[0-9a-f]{16}");
    }
}
