package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PackedTokensTest {

    @Test
    void whatIsUnpackedIsWhatWasPacked() {
        List<ByteBuffer> grids = grids(7, 64, 16_384);

        assertThat(PackedTokens.unpack(PackedTokens.pack(grids), 7, 128)).isEqualTo(grids);
        assertThat(PackedTokens.unpack(PackedTokens.pack(List.of()), 0, 128)).isEmpty();
    }

    /** The hardest there is to compress: every token as likely as any other. */
    @Test
    void thePapersCandidatesLeaveRoomInAMessage() {
        ByteBuffer packed = PackedTokens.pack(grids(512, 32 * 32, 8_192));

        assertThat(packed.remaining()).isLessThan(960_000);
    }

    @Test
    void anotherNumberOfGridsIsRefused() {
        ByteBuffer packed = PackedTokens.pack(grids(3, 4, 100));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> PackedTokens.unpack(packed, 4, 8))
                .withMessageContaining("grid 4 of 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PackedTokens.unpack(packed, 2, 8))
                .withMessageContaining("more than 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PackedTokens.unpack(ByteBuffer.wrap(new byte[9]), 1, 8))
                .withMessageContaining("broken");
    }

    private static List<ByteBuffer> grids(int count, int tokens, int codebook) {
        Random random = new Random(1);
        return Stream.generate(
                        () -> {
                            ByteBuffer grid =
                                    ByteBuffer.allocate(2 * tokens).order(ByteOrder.LITTLE_ENDIAN);
                            for (int i = 0; i < tokens; i++) {
                                grid.putShort((short) random.nextInt(codebook));
                            }
                            return grid.flip().order(ByteOrder.BIG_ENDIAN);
                        })
                .limit(count)
                .toList();
    }
}
