package dev.nocturne.models.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PartialGridTest {

    private static final int[] NOTHING = {};

    static Stream<Arguments> positions() {
        int[] twoRows = IntStream.range(0, 16).toArray();
        int[] sevenRows = IntStream.range(0, 56).toArray();
        return Stream.of(
                arguments("halves", 8, NOTHING, 1, new int[] {32}),
                arguments("thirds, in whole rows", 8, NOTHING, 2, new int[] {24, 40}),
                arguments("quarters", 8, NOTHING, 3, new int[] {16, 32, 48}),
                arguments("halves of what is drawn", 8, twoRows, 1, new int[] {40}),
                arguments("nothing between one row's ends", 8, sevenRows, 3, new int[] {}),
                arguments("no more than there are rows", 2, NOTHING, 3, new int[] {2}),
                arguments("never", 8, NOTHING, 0, new int[] {}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void positions(String story, int side, int[] primed, int times, int[] expected) {
        assertThat(PartialGrid.positions(side, side, primed, times)).isEqualTo(expected);
    }

    @Test
    void whatIsNotDrawnIsFilledAndTheRestStays() {
        PartialGrid grid = new PartialGrid(1, 3, new int[] {5, PrimedTokens.DRAWN, 9});
        assertThat(grid.filledWith(7)).isEqualTo(new TokenGrid(1, 3, new int[] {5, 7, 9}));
        assertThat(PartialGrid.fromBytes(1, 3, grid.toBytes())).isEqualTo(grid);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PartialGrid.fromBytes(2, 2, grid.toBytes()))
                .withMessage("3 tokens do not fill a grid of 2x2");
    }
}
