package dev.nocturne.models.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PrimedTokensTest {
    private static final TokenGrid GRID =
            new TokenGrid(3, 4, IntStream.range(0, 12).map(i -> 65_534 - i).toArray());
    private static final int D = PrimedTokens.DRAWN;

    @Test
    void keepsRowsFromTheTopAndColumnsFromTheLeft() {
        assertThat(PrimedTokens.of(GRID, 1, 0))
                .containsExactly(65534, 65533, 65532, 65531, D, D, D, D, D, D, D, D);
        assertThat(PrimedTokens.of(GRID, 1, 2))
                .containsExactly(
                        65534, 65533, 65532, 65531, 65530, 65529, D, D, 65526, 65525, D, D);
        assertThat(PrimedTokens.of(GRID, 0, 3))
                .containsExactly(
                        65534, 65533, 65532, D, 65530, 65529, 65528, D, 65526, 65525, 65524, D);
    }

    @Test
    void keepsEverySecondTokenOfARowAndOfAColumn() {
        assertThat(PrimedTokens.everySecond(GRID))
                .containsExactly(65534, D, 65532, D, D, 65529, D, 65527, 65526, D, 65524, D);
    }

    @Test
    void refusesToKeepEverything() {
        assertThatThrownBy(() -> PrimedTokens.of(GRID, 3, 0))
                .hasMessage("3 rows and 0 columns of a grid of 3x4 tokens: keep at most 2 and 3");
        assertThatThrownBy(() -> PrimedTokens.of(GRID, 0, 4)).hasMessageContaining("4 columns");
    }

    @Test
    void bytesKeepWhatIsToBeDrawn() {
        int[] tokens = PrimedTokens.of(GRID, 1, 2);
        assertThat(PrimedTokens.fromBytes(PrimedTokens.toBytes(tokens))).isEqualTo(tokens);
        assertThatThrownBy(() -> PrimedTokens.fromBytes(new byte[3]))
                .hasMessageContaining("3 bytes");
    }
}
