package dev.nocturne.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AttentionPatternTest {
    private static final int WIDTH = 32;

    @ParameterizedTest
    @EnumSource
    void seesItselfAndNothingLater(AttentionPattern pattern) {
        for (int query = 0; query < WIDTH * WIDTH; query++) {
            int[] keys = pattern.keys(query, WIDTH);
            assertThat(keys).isSorted().doesNotHaveDuplicates();
            assertThat(keys[0]).isNotNegative();
            assertThat(keys[keys.length - 1]).isEqualTo(query);
        }
    }

    /** What a position attends to was either just computed or is kept. */
    @ParameterizedTest
    @EnumSource
    void keepsWhatItSees(AttentionPattern pattern) {
        for (int size : new int[] {2, 8, 16, WIDTH}) {
            for (int query = 0; query < size * size; query++) {
                int oldest = pattern.keys(query, size)[0];
                if (pattern != AttentionPattern.COLUMN) {
                    assertThat(query - oldest).isLessThan(pattern.kept(size));
                }
            }
        }
    }

    @Test
    void aRowSeesAsManyAsARowHasAndItself() {
        for (int query = WIDTH; query < WIDTH * WIDTH; query++) {
            assertThat(AttentionPattern.ROW.keys(query, WIDTH))
                    .hasSize(WIDTH + 1)
                    .startsWith(query - WIDTH);
        }
        assertThat(AttentionPattern.ROW.keys(5, WIDTH)).containsExactly(0, 1, 2, 3, 4, 5);
        // the caption of figure 11: on a grid 4 wide, the previous 5 with itself
        assertThat(AttentionPattern.ROW.keys(9, 4)).containsExactly(5, 6, 7, 8, 9);
    }

    @Test
    void aColumnSeesExactlyItsColumn() {
        for (int query = 0; query < WIDTH * WIDTH; query++) {
            int column = query % WIDTH;
            int[] keys = AttentionPattern.COLUMN.keys(query, WIDTH);
            assertThat(keys).hasSize(query / WIDTH + 1);
            assertThat(Arrays.stream(keys)).allMatch(key -> key % WIDTH == column);
        }
    }

    @Test
    void theConvolutionSeesSixtyOneKeysInAWindowOfOneHundredAndSixtySix() {
        int[] keys = AttentionPattern.CONVOLUTION.keys(500, WIDTH);
        assertThat(keys).hasSize(61).startsWith(500 - 165);
        assertThat(AttentionPattern.CONVOLUTION.kept(WIDTH)).isEqualTo(166);
        assertThat(keys).contains(500 - WIDTH + 5, 500 - WIDTH - 5, 500 - 5 * WIDTH + 5);
        assertThat(keys).doesNotContain(500 - 6, 500 - WIDTH + 6, 500 - 6 * WIDTH);
    }

    @Test
    void layersFollowThePublishedOrder() {
        List<AttentionPattern> layers =
                IntStream.range(0, 64).mapToObj(i -> AttentionPattern.published(i, 64)).toList();
        assertThat(layers.subList(0, 6))
                .containsExactly(
                        AttentionPattern.ROW,
                        AttentionPattern.COLUMN,
                        AttentionPattern.ROW,
                        AttentionPattern.ROW,
                        AttentionPattern.ROW,
                        AttentionPattern.COLUMN);
        assertThat(layers.get(63)).isEqualTo(AttentionPattern.CONVOLUTION);
        assertThat(Arrays.stream(AttentionPattern.values()).map(p -> count(layers, p)))
                .containsExactly(0L, 47L, 16L, 1L, 0L, 0L);
    }

    @Test
    void whatIsNotThePapersDoesNotWrap() {
        assertThat(AttentionPattern.OWN_ROW.keys(3 * WIDTH + 2, WIDTH))
                .containsExactly(3 * WIDTH, 3 * WIDTH + 1, 3 * WIDTH + 2);
        assertThat(AttentionPattern.CORNER.keys(9 * WIDTH + 9, WIDTH))
                .hasSize(25)
                .startsWith(5 * WIDTH + 5)
                .doesNotContain(8 * WIDTH + 10);
        assertThat(AttentionPattern.CORNER.keys(2 * WIDTH + 1, WIDTH))
                .containsExactly(0, 1, WIDTH, WIDTH + 1, 2 * WIDTH, 2 * WIDTH + 1);
    }

    private static long count(List<AttentionPattern> layers, AttentionPattern pattern) {
        return layers.stream().filter(pattern::equals).count();
    }
}
