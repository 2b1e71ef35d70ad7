package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionPatternTest {
    private static final int WIDTH = 32;

    static Stream<Arguments> patternsAtEverySize() {
        return Stream.of(AttentionPattern.values())
                .flatMap(
                        pattern -> Stream.of(8, 16, 32).map(width -> Arguments.of(pattern, width)));
    }

    @ParameterizedTest
    @MethodSource("patternsAtEverySize")
    void seesItselfAndNothingLater(AttentionPattern pattern, int width) {
        for (int query = 0; query < width * width; query++) {
            int[] keys = pattern.keys(query, width);
            assertThat(keys).isSorted().doesNotHaveDuplicates();
            assertThat(keys[0]).isNotNegative();
            assertThat(keys[keys.length - 1]).isEqualTo(query);
        }
    }

    /** Every picture position sees all of the text, text the text up to itself, and no picture. */
    @ParameterizedTest
    @ValueSource(ints = {8, 16, 32})
    void masksShowTheWholeTextAndWhatThePatternSees(int width) {
        int text = 3;
        int positions = text + width * width;
        boolean[] masks = AttentionPattern.masks(text, width);
        assertThat(masks).hasSize(AttentionPattern.values().length * positions * positions);
        for (AttentionPattern pattern : AttentionPattern.values()) {
            for (int query = 0; query < positions; query++) {
                int from = (pattern.ordinal() * positions + query) * positions;
                IntStream ofText = IntStream.rangeClosed(0, Math.min(query, text - 1));
                IntStream ofPicture =
                        query < text
                                ? IntStream.empty()
                                : Arrays.stream(pattern.keys(query - text, width))
                                        .map(key -> text + key);
                assertThat(IntStream.range(0, positions).filter(key -> masks[from + key]).toArray())
                        .isEqualTo(IntStream.concat(ofText, ofPicture).toArray());
            }
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
                assertThat(pattern.read(query, size))
                        .isBetween(pattern.keys(query, size).length, pattern.kept(size));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 32})
    void aRowSeesAsManyAsARowHasAndItself(int width) {
        for (int query = width; query < width * width; query++) {
            assertThat(AttentionPattern.ROW.keys(query, width))
                    .hasSize(width + 1)
                    .startsWith(query - width);
        }
        assertThat(AttentionPattern.ROW.keys(5, width)).containsExactly(0, 1, 2, 3, 4, 5);
    }

    /** The caption of figure 11: on a grid 4 wide, the previous 5 with itself. */
    @Test
    void aRowIsThePapers() {
        assertThat(AttentionPattern.ROW.keys(9, 4)).containsExactly(5, 6, 7, 8, 9);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 32})
    void aColumnSeesExactlyItsColumn(int width) {
        for (int query = 0; query < width * width; query++) {
            int column = query % width;
            int[] keys = AttentionPattern.COLUMN.keys(query, width);
            assertThat(keys).hasSize(query / width + 1);
            assertThat(Arrays.stream(keys)).allMatch(key -> key % width == column);
        }
    }

    /** Five rows and five tokens back and itself; on a grid 8 wide the rows of 11 overlap. */
    @ParameterizedTest
    @CsvSource({"8, 46, 46", "16, 86, 61", "32, 166, 61"})
    void theConvolutionSeesElevenByElevenUpToItself(int width, int window, int seen) {
        int query = (width / 2 + 2) * width + width / 2;
        int[] keys = AttentionPattern.CONVOLUTION.keys(query, width);
        assertThat(keys).hasSize(seen).startsWith(query - window + 1);
        assertThat(AttentionPattern.CONVOLUTION.kept(width)).isEqualTo(window);
        assertThat(keys).contains(query - width + 5, query - width - 5, query - 5 * width + 5);
        assertThat(keys).doesNotContain(query - 5 * width - 6, query - 6 * width);
        if (width > 11) {
            assertThat(keys).doesNotContain(query - 6, query - width + 6);
        }
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
                .containsExactly(0L, 47L, 16L, 1L, 0L, 0L, 0L);
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
        assertThat(AttentionPattern.AROUND.keys(9 * WIDTH + 9, WIDTH))
                .hasSize(13)
                .startsWith(7 * WIDTH + 7)
                .contains(8 * WIDTH + 11)
                .doesNotContain(8 * WIDTH + 12, 9 * WIDTH + 6);
        assertThat(AttentionPattern.AROUND.keys(2 * WIDTH, WIDTH))
                .containsExactly(0, 1, 2, WIDTH, WIDTH + 1, WIDTH + 2, 2 * WIDTH);
    }

    private static long count(List<AttentionPattern> layers, AttentionPattern pattern) {
        return layers.stream().filter(pattern::equals).count();
    }
}
