package dev.nocturne.models.clip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.RandomModels;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.program.Precision;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipTest {
    private static final ClipArchitecture SMALL =
            new ClipArchitecture(32, 8, 1, 64, 1, 64, 8, 602, 64);

    @TempDir Path folder;

    /** The goldens are PIL's, resized and cropped by torchvision. */
    @Test
    void fitsPicturesAsPilDoes() throws IOException {
        Path file = folder.resolve("golden.safetensors");
        try (InputStream in = resource("golden.safetensors")) {
            Files.copy(in, file);
        }
        Map<String, Safetensors.Tensor> golden = Safetensors.readAll(file);
        try (Clip clip =
                new Clip(
                        RandomModels.weights(SMALL.shapes()),
                        SMALL,
                        RandomModels.tokenizer(),
                        Precision.FLOAT32)) {
            for (int i = 0; i < 5; i++) {
                BufferedImage picture;
                try (InputStream in = resource("picture-%d.png".formatted(i))) {
                    picture = ImageIO.read(in);
                }
                byte[] fitted = clip.fitted(picture);
                float[] expected = golden.get("fitted." + i).data();
                assertThat(fitted).hasSameSizeAs(expected);
                for (int p = 0; p < fitted.length; p++) {
                    assertThat(Byte.toUnsignedInt(fitted[p]))
                            .as("picture %d, value %d", i, p)
                            .isEqualTo((int) expected[p]);
                }
            }
        }
    }

    private static InputStream resource(String name) {
        return ClipTest.class.getResourceAsStream("/imports/clip/" + name);
    }
}
