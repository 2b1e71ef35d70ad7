package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.Goldens;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the dVAE of openai's own package, with random weights. */
class DvaeImportTest {
    private static final double TOLERANCE = 1e-4;

    @TempDir Path folder;
    private Map<String, Tensor> golden;
    private ModelBundle begun;

    @BeforeEach
    void setUp() throws IOException {
        golden = Safetensors.readAll(Goldens.copy("dvae/golden.safetensors", folder));
        begun = ModelBundle.create(folder.resolve("model"), "tiny", 32);
    }

    @ParameterizedTest
    @CsvSource({
        "encoder.pkl.gz, decoder.pkl.gz",
        "legacy-encoder.pkl.gz, decoder-state.pt.gz",
    })
    void computesWhatThePublishedProgramComputes(String encoder, String decoder)
            throws IOException {
        ModelBundle bundle =
                DvaeImport.openAi(
                        begun,
                        Goldens.copy("dvae/" + encoder, folder),
                        Goldens.copy("dvae/" + decoder, folder));

        assertThat(bundle.dvaeArchitecture())
                .isEqualTo(new DvaeArchitecture(8, 4, 2, 48, 12, false));
        Map<String, Tensor> weights =
                Safetensors.readAll(bundle.directory().resolve("dvae.safetensors"));
        int[] tokens = tokens();
        try (TorchProgram program = TorchProgram.load("dvae.py", "adamw.py");
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue prepared = program.prepare(weights, Precision.FLOAT32);
                IValue pixels = tensor(scope, golden.get("pixels"));
                IValue mapped = program.call("map_pixels", pixels);
                IValue logits = program.call("encoder", prepared, mapped);
                IValue grids = tokens(scope, tokens);
                IValue decoded = program.call("decode", prepared, grids)) {
            assertThat(
                            Goldens.relativeError(
                                    logits.toTensor(scope).toFloatArray(),
                                    golden.get("logits").data()))
                    .isLessThan(TOLERANCE);
            assertThat(
                            Goldens.relativeError(
                                    decoded.toTensor(scope).toFloatArray(),
                                    golden.get("decoded").data()))
                    .isLessThan(TOLERANCE);
        }
        try (DiscreteVae vae = bundle.dvae()) {
            float[] pixels = golden.get("pixels").data();
            byte[] bytes = new byte[pixels.length];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (int) pixels[i];
            }
            List<TokenGrid> grids = vae.encode(bytes, 2);
            assertThat(grids.stream().flatMapToInt(grid -> IntStream.of(grid.tokens())).toArray())
                    .isEqualTo(tokens);
        }
    }

    @Test
    void halvesInTrainingsWrapperAreTheSame() throws IOException {
        Path encoder = folder.resolve("encoder.safetensors");
        Path decoder = folder.resolve("decoder.safetensors");
        Wrapped.write(
                encoder,
                Goldens.copy("dvae/encoder.pkl.gz", folder),
                "blocks.input.w",
                "state_dict.module.");
        Wrapped.write(
                decoder,
                Goldens.copy("dvae/decoder-state.pt.gz", folder),
                "blocks.input.w",
                "module.");
        assertThat(DvaeImport.openAi(begun, encoder, decoder).dvaeArchitecture())
                .isEqualTo(new DvaeArchitecture(8, 4, 2, 48, 12, false));
    }

    @Test
    void refusesTheHalvesInTheWrongOrder() throws IOException {
        Path encoder = Goldens.copy("dvae/encoder.pkl.gz", folder);
        Path decoder = Goldens.copy("dvae/decoder.pkl.gz", folder);
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> DvaeImport.openAi(begun, decoder, encoder))
                .withMessageContaining("the tensor encoder.blocks.")
                .withMessageContaining("as the others make it")
                .withMessageNotContaining("\n");
        assertThat(begun.directory()).doesNotExist();
    }

    @Test
    void refusesMissingAndUnknownTensors() throws IOException {
        Path clip = Goldens.copy("clip/state.pt.gz", folder);
        Path decoder = Goldens.copy("dvae/decoder.pkl.gz", folder);
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> DvaeImport.openAi(begun, clip, decoder))
                .withMessageStartingWith(clip + ": it lacks the tensor blocks.input.w and has ");
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(
                        () ->
                                DvaeImport.openAi(
                                        begun, Goldens.copy("dvae/encoder.pkl.gz", folder), clip))
                .withMessageContaining("it lacks the tensor blocks.input.w and has ");
    }

    private int[] tokens() {
        float[] tokens = golden.get("tokens").data();
        return IntStream.range(0, tokens.length).map(i -> (int) tokens[i]).toArray();
    }

    private IValue tokens(PtNDManager scope, int[] tokens) {
        return IValue.from(
                (PtNDArray)
                        scope.create(
                                IntStream.of(tokens).asLongStream().toArray(),
                                new Shape(golden.get("tokens").shape())));
    }

    private static IValue tensor(PtNDManager scope, Tensor tensor) {
        return IValue.from((PtNDArray) scope.create(tensor.data(), new Shape(tensor.shape())));
    }
}
