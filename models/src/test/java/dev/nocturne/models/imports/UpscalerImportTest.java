package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.Goldens;
import dev.nocturne.models.RandomModels;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.upscaler.RrdbNet;
import dev.nocturne.models.upscaler.Upscaler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against spandrel's RRDBNet, with random weights. */
class UpscalerImportTest {
    private static final RrdbNet TINY = new RrdbNet(4, 32, 2);
    private static final int SIDE = 16;
    private static final double TOLERANCE = 1e-4;

    @TempDir Path folder;
    private ModelBundle begun;

    @BeforeEach
    void setUp() throws IOException {
        begun =
                ModelBundle.create(folder.resolve("model"), "tiny", RandomModels.IMAGE_SIZE)
                        .with(RandomModels.DVAE, RandomModels.weights(RandomModels.DVAE.shapes()));
    }

    @Test
    void enlargesAsTheAveragedWeightsDoElsewhere() throws IOException {
        UpscalerImport.rrdbNet(begun, Goldens.copy("upscaler/x4.pth.gz", folder));
        ModelBundle bundle = ModelBundle.open(begun.directory());
        assertThat(bundle.upscalerArchitecture()).contains(TINY);
        assertThat(bundle.autoSize()).isEqualTo(4 * RandomModels.IMAGE_SIZE);

        Map<String, Tensor> golden =
                Safetensors.readAll(Goldens.copy("upscaler/golden.safetensors", folder));
        byte[] pixels = bytes(golden.get("pixels").data(), 1);
        float[] expected = golden.get("enlarged").data();
        Map<String, Tensor> weights =
                Safetensors.readAll(bundle.directory().resolve("upscaler.safetensors"));
        try (TorchProgram program = TINY.program();
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue prepared = program.prepare(weights, Precision.FLOAT32);
                IValue small =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                ByteBuffer.wrap(pixels),
                                                new Shape(1, 3, SIDE, SIDE),
                                                DataType.UINT8));
                IValue large = program.call("enlarged", prepared, small)) {
            assertThat(Goldens.relativeError(large.toTensor(scope).toFloatArray(), expected))
                    .isLessThan(TOLERANCE);
        }
        try (Upscaler upscaler = bundle.upscaler()) {
            byte[] large = Pixels.planar(upscaler.enlarge(Pixels.picture(pixels, SIDE)));
            byte[] exact = bytes(expected, 255);
            for (int i = 0; i < large.length; i++) {
                // bfloat16, where the processor has it
                assertThat(large[i] & 255).isCloseTo(exact[i] & 255, within(6));
            }
        }
    }

    private static byte[] bytes(float[] values, int scale) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Math.round(Math.min(255, Math.max(0, values[i] * scale)));
        }
        return bytes;
    }

    @Test
    void refusesWhatDoesNotMakePicturesFourTimesAsLarge() throws IOException {
        Path other = folder.resolve("x2.safetensors");
        Map<String, Tensor> weights =
                RandomModels.weights(Map.of("conv_first.weight", new long[] {4, 12, 3, 3}));
        Safetensors.write(other, weights, StorageType.F32, Map.of());
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> UpscalerImport.rrdbNet(begun, other))
                .withMessageContaining("it does not enlarge to four times the size")
                .withMessageContaining("give RealESRGAN_x4plus.pth");
        Path dvae = Goldens.copy("dvae/decoder-state.pt.gz", folder);
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> UpscalerImport.rrdbNet(begun, dvae))
                .withMessageContaining("it is no RRDBNet of Real-ESRGAN's");
        assertThat(ModelBundle.open(begun.directory()).hasUpscaler()).isFalse();
    }
}
