package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdsTest {

    @Test
    void jobIdsSortByTime() {
        Random random = new Random(1);
        Instant now = Instant.parse("2026-03-01T12:00:00Z");
        String earlier = Ids.newJobId(now, random);
        String later = Ids.newJobId(now.plusMillis(1), random);
        assertThat(earlier).matches("job-[0-9a-z]{26}").isLessThan(later);
        assertThat(Ids.isJobId(earlier)).isTrue();
    }

    @Test
    void requestIdIsPinned() {
        // printf 'job-1\nline-1' | sha256sum
        assertThat(Ids.requestId("job-1", "line-1")).isEqualTo("7e35c8c5526d1756");
    }

    @Test
    void defaultSeedIsTheTop63BitsOfTheRequestId() {
        assertThat(Ids.defaultSeed("ffffffffffffffff")).isEqualTo(Long.MAX_VALUE);
        assertThat(Ids.defaultSeed("0000000000000002")).isEqualTo(1);
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
