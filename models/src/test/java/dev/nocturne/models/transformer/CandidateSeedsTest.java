package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CandidateSeedsTest {

    @Test
    void seedsNeverChange() {
        // finished images name their seeds: another value here breaks drawing them again
        assertThat(CandidateSeeds.mixed(0, 0)).isEqualTo(0xe220a8397b1dcdafL);
        assertThat(CandidateSeeds.mixed(42, 511)).isEqualTo(0x0b6099cde7bd97ebL);
    }

    @Test
    void aPicturesSeedIsThatOfARequestWhoseFirstCandidateItIs() {
        assertThat(CandidateSeeds.seed(42, 511)).isEqualTo(0x0b6099cde7bd97ebL >>> 11);
        for (int candidate = 0; candidate < 512; candidate++) {
            long shown = CandidateSeeds.seed(-7, candidate);
            assertThat(CandidateSeeds.seed(shown, 0)).isEqualTo(shown);
            assertThat((long) (double) shown).as("a double").isEqualTo(shown);
        }
    }

    @Test
    void differWithinAndBetweenRequests() {
        Set<Long> seeds = new HashSet<>();
        for (long request = 0; request < 100; request++) {
            for (int candidate = 0; candidate < 512; candidate++) {
                seeds.add(CandidateSeeds.seed(request, candidate));
            }
        }
        assertThat(seeds).hasSize(100 * 512);
    }
}
