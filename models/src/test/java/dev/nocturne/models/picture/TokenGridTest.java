package dev.nocturne.models.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class TokenGridTest {

    @Test
    void bytesAreLittleEndianInRasterOrder() {
        TokenGrid grid = new TokenGrid(1, 3, new int[] {1, 0x1234, 0xfffe});

        byte[] bytes = grid.toBytes();

        assertThat(bytes).containsExactly(1, 0, 0x34, 0x12, 0xfe, 0xff);
        assertThat(TokenGrid.fromBytes(1, 3, bytes)).isEqualTo(grid).hasSameHashCodeAs(grid);
        assertThat(TokenGrid.fromBytes(3, 1, bytes)).isNotEqualTo(grid);
    }

    @Test
    void refusesTokensThatDoNotFillItOrFit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenGrid(2, 2, new int[3]))
                .withMessage("3 tokens do not fill a grid of 2x2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenGrid(1, 1, new int[] {65535}))
                .withMessage("token 65535 is outside 0 to 65534");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TokenGrid.fromBytes(2, 2, new byte[7]))
                .withMessage("7 bytes are not a grid of 2x2 tokens of 2 bytes");
    }
}
