package dev.nocturne.models.upscaler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.models.RandomModels;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Precision;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UpscalerTest {
    private static final UpscalerArchitecture TINY = new UpscalerArchitecture(4, 2);

    @TempDir Path directory;

    private static BufferedImage noise(long seed) {
        byte[] pixels = new byte[3 * 16 * 16];
        new Random(seed).nextBytes(pixels);
        return Pixels.picture(pixels, 16);
    }

    /** Weights that add nothing. */
    private static Map<String, Safetensors.Tensor> withoutDetail() {
        Map<String, Safetensors.Tensor> weights =
                new HashMap<>(RandomModels.weights(TINY.shapes()));
        for (String name : new String[] {"up_2.weight", "up_2.bias"}) {
            long[] shape = TINY.shapes().get(name);
            int size = weights.get(name).data().length;
            weights.put(name, new Safetensors.Tensor(shape, new float[size]));
        }
        return weights;
    }

    @Test
    void enlargesToFourTimesTheSizeAroundTheBicubicPicture() {
        byte[] flat = new byte[3 * 16 * 16];
        java.util.Arrays.fill(flat, 0, 16 * 16, (byte) 200);
        try (Upscaler upscaler = new Upscaler(TINY, withoutDetail(), Precision.FLOAT32)) {
            BufferedImage large = upscaler.enlarge(Pixels.picture(flat, 16));
            assertThat(large.getWidth()).isEqualTo(64);
            assertThat(large.getHeight()).isEqualTo(64);
            assertThat(large.getRGB(0, 0, 64, 64, null, 0, 64)).containsOnly(0xffc80000);
        }
    }

    @Test
    void aPictureDoesNotDependOnThoseBeforeIt() {
        try (Upscaler upscaler =
                new Upscaler(TINY, RandomModels.weights(TINY.shapes()), Precision.best())) {
            byte[] first = Pixels.planar(upscaler.enlarge(noise(1)));
            upscaler.enlarge(noise(2));
            assertThat(Pixels.planar(upscaler.enlarge(noise(1)))).isEqualTo(first);
        }
    }

    private ModelBundle bundle() throws IOException {
        return ModelBundle.create(directory, "tiny", RandomModels.IMAGE_SIZE)
                .with(RandomModels.DVAE, RandomModels.weights(RandomModels.DVAE.shapes()));
    }

    @Test
    void aBundleMayHaveOneAndPaintsInItsSizeThen() throws IOException {
        ModelBundle without = bundle();
        assertThat(without.sizes()).containsExactly(16);
        assertThat(without.autoSize()).isEqualTo(16);
        assertThatThrownBy(without::upscaler)
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("nocturne train upscaler");

        without.with(TINY, RandomModels.weights(TINY.shapes()));
        ModelBundle with = ModelBundle.open(directory);
        assertThat(with.sizes()).containsExactly(16, 64);
        assertThat(with.autoSize()).isEqualTo(64);
        assertThat(with.id()).isNotEqualTo(without.id());
        try (Upscaler upscaler = with.upscaler()) {
            assertThat(upscaler.enlarge(noise(1)).getWidth()).isEqualTo(64);
        }
    }

    @Test
    void anotherDvaeMakesOtherMarks() throws IOException {
        ModelBundle with = bundle().with(TINY, RandomModels.weights(TINY.shapes()));
        with.with(RandomModels.DVAE, RandomModels.weights(RandomModels.DVAE.shapes()));
        ModelBundle changed = ModelBundle.open(directory);
        assertThat(changed.hasUpscaler()).isFalse();
        assertThat(changed.autoSize()).isEqualTo(16);
    }

    @Test
    void aSizeThatItDoesNotPaintIsNoDefault() throws IOException {
        bundle().with(TINY, RandomModels.weights(TINY.shapes()));
        Path manifest = directory.resolve("model.json");
        Files.writeString(manifest, Files.readString(manifest).replace(": 64", ": 128"));
        assertThatThrownBy(() -> ModelBundle.open(directory))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("auto_size is 128")
                .hasMessageContaining("16 or 64");
    }
}
