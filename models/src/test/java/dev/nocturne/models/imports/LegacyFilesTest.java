package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.Goldens;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files as torch wrote them before 1.6, and still does with {@code
 * _use_new_zipfile_serialization=False}, of weights in bfloat16: the same models, rounded.
 */
class LegacyFilesTest {
    /** Of bfloat16: half a unit of its last digit. */
    private static final float ROUNDING = 1f / 256;

    @TempDir Path folder;

    /**
     * Imports files that are those of the goldens, but for some that come from the other folder.
     */
    private interface Import {
        void into(ModelBundle begun, Path files, String legacy) throws IOException;
    }

    private Path imported(String name, String legacy, Import files) throws IOException {
        Path place = Files.createDirectories(folder.resolve(name));
        files.into(ModelBundle.create(place.resolve("model"), "tiny", 256), place, legacy);
        return place.resolve("model");
    }

    private void isTheSameRounded(String part, Import files) throws IOException {
        Path expected = imported("zip", "", files);
        Path actual = imported("legacy", "legacy/", files);
        var rounded = Safetensors.readAll(actual.resolve(part));
        Safetensors.readAll(expected.resolve(part))
                .forEach(
                        (name, tensor) -> {
                            float[] values = rounded.remove(name).data();
                            for (int i = 0; i < values.length; i++) {
                                float exact = tensor.data()[i];
                                assertThat(Math.abs(values[i] - exact))
                                        .as("%s[%d]", name, i)
                                        .isLessThanOrEqualTo(ROUNDING * Math.abs(exact));
                            }
                        });
        assertThat(rounded).isEmpty();
    }

    @Test
    void ofDallePytorch() throws IOException {
        isTheSameRounded(
                "transformer.safetensors",
                (begun, files, legacy) ->
                        DallePytorchImport.checkpoint(
                                begun,
                                Goldens.copy(legacy + "dalle_pytorch/reversible.pt.gz", files),
                                Goldens.copy("clip/bpe.txt.gz", files)));
    }

    @Test
    void ofMinDallE() throws IOException {
        isTheSameRounded(
                "transformer.safetensors",
                (begun, files, legacy) -> {
                    Path tokenizer = Files.createDirectories(files.resolve("tokenizer"));
                    Goldens.copy("kakao/config.yaml", files);
                    Goldens.copy("kakao/stage1_last.ckpt.gz", files);
                    Goldens.copy(legacy + "kakao/stage2_last.ckpt.gz", files);
                    Goldens.copy("kakao/tokenizer/bpe-16k-vocab.json", tokenizer);
                    Goldens.copy("kakao/tokenizer/bpe-16k-merges.txt", tokenizer);
                    KakaoImport.folder(begun, files);
                });
    }

    @Test
    void ofClip() throws IOException {
        isTheSameRounded(
                "clip.safetensors",
                (begun, files, legacy) ->
                        ClipImport.into(
                                begun,
                                Goldens.copy(legacy + "clip/state.pt.gz", files),
                                Goldens.copy("clip/bpe.txt.gz", files),
                                "quick_gelu",
                                null));
    }

    @Test
    void ofDalleMini() throws IOException {
        isTheSameRounded(
                "transformer.safetensors",
                (begun, files, legacy) -> {
                    Path vqgan = Files.createDirectories(files.resolve("vqgan"));
                    Goldens.copy("dalle_mini/vqgan/detoker.pt.gz", vqgan);
                    Path mini = Files.createDirectories(files.resolve("mini"));
                    Goldens.copy("dalle_mini/mini/encoder.pt.gz", mini);
                    Goldens.copy(legacy + "dalle_mini/mini/decoder.pt.gz", mini);
                    Goldens.copy("dalle_mini/mini/vocab.json", mini);
                    Goldens.copy("dalle_mini/mini/merges.txt", mini);
                    DalleMiniImport.folder(begun, mini, null, OptionalInt.empty());
                });
    }
}
