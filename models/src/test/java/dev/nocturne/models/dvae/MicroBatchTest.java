package dev.nocturne.models.dvae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.models.RandomModels;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Machine;
import dev.nocturne.models.program.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MicroBatchTest {

    @Test
    void memoryBoundsHowManyPicturesGoTogether() {
        assertThat(DiscreteVae.microBatch(DvaeArchitecture.PUBLISHED, 256))
                .isEqualTo(Machine.hasGpu() ? 32 : 1);
        assertThat(DiscreteVae.microBatch(DvaeArchitecture.PUBLISHED, 2048)).isEqualTo(1);
        assertThat(DiscreteVae.microBatch(RandomModels.DVAE, RandomModels.IMAGE_SIZE))
                .isEqualTo(64);
    }

    /** More pictures than go together come back whole, in order. */
    @Test
    void picturesBeyondAMicroBatchKeepTheirOrder() {
        int count = 70;
        try (DiscreteVae vae =
                new DiscreteVae(
                        RandomModels.weights(RandomModels.DVAE.shapes()),
                        RandomModels.DVAE,
                        RandomModels.IMAGE_SIZE,
                        Precision.FLOAT32)) {
            int bytes = 3 * vae.imageSize() * vae.imageSize();
            byte[] pixels = new byte[count * bytes];
            new SplittableRandom(1).nextBytes(pixels);
            List<TokenGrid> oneByOne = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                byte[] one = new byte[bytes];
                System.arraycopy(pixels, i * bytes, one, 0, bytes);
                oneByOne.addAll(vae.encode(one, 1));
            }
            assertThat(vae.encode(pixels, count)).isEqualTo(oneByOne);
            var decoded = vae.decode(oneByOne);
            assertThat(decoded).hasSize(count);
            var last = vae.decode(oneByOne.subList(count - 1, count)).get(0);
            // only GPUs round a picture according to its company
            int rounding = Machine.hasGpu() ? 1 : 0;
            byte[] together = Pixels.planar(decoded.get(count - 1));
            byte[] alone = Pixels.planar(last);
            for (int i = 0; i < bytes; i++) {
                assertThat(together[i] & 0xff).isCloseTo(alone[i] & 0xff, within(rounding));
            }
        }
    }
}
