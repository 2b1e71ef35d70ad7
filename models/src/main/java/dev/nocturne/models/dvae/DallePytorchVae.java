package dev.nocturne.models.dvae;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.TorchProgram;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sizes of DALLE-pytorch's own discrete VAE (lucidrains, version 1: {@code DiscreteVAE}).
 *
 * @param layers each halves the sides of the picture
 * @param resnetBlocks residual blocks between these and the codes, in either half
 * @param hidden channels of every layer
 * @param vocabulary size of the codebook
 * @param codeWidth length of a codebook vector
 */
public record DallePytorchVae(
        int layers, int resnetBlocks, int hidden, int vocabulary, int codeWidth)
        implements DvaeFamily {

    static final String FAMILY = "dalle-pytorch";

    public DallePytorchVae {
        if (layers < 1 || layers > 16 || resnetBlocks < 0 || hidden < 1 || codeWidth < 1) {
            throw new IllegalArgumentException(
                    "layers must be 1 to 16, hidden and codeWidth at least 1");
        }
        if (vocabulary < 2 || vocabulary > TokenGrid.NO_TOKEN) {
            throw new IllegalArgumentException(
                    "vocabulary is " + vocabulary + "; tokens are 16 bits: choose 2 to 65535");
        }
    }

    /** Its name in {@code model.json}. */
    @JsonProperty("family")
    String family() {
        return FAMILY;
    }

    @Override
    public TorchProgram program() {
        return TorchProgram.load("dalle_pytorch_vae.py");
    }

    @Override
    public int widestChannels() {
        return hidden;
    }

    @Override
    public int downsampling() {
        return 1 << layers;
    }

    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        int at = 0;
        for (int layer = 0; layer < layers; layer++) {
            conv(shapes, "encoder." + at++ + ".0", layer == 0 ? 3 : hidden, hidden, 4);
        }
        for (int block = 0; block < resnetBlocks; block++) {
            residual(shapes, "encoder." + at++);
        }
        conv(shapes, "encoder." + at, hidden, vocabulary, 1);

        shapes.put("codebook.weight", new long[] {vocabulary, codeWidth});
        at = 0;
        if (resnetBlocks > 0) {
            conv(shapes, "decoder." + at++, codeWidth, hidden, 1);
        }
        for (int block = 0; block < resnetBlocks; block++) {
            residual(shapes, "decoder." + at++);
        }
        for (int layer = 0; layer < layers; layer++) {
            int in = layer == 0 && resnetBlocks == 0 ? codeWidth : hidden;
            // transposed: [in, out, k, k]
            String name = "decoder." + at++ + ".0";
            shapes.put(name + ".weight", new long[] {in, hidden, 4, 4});
            shapes.put(name + ".bias", new long[] {hidden});
        }
        conv(shapes, "decoder." + at, hidden, 3, 1);
        return shapes;
    }

    private void residual(Map<String, long[]> shapes, String name) {
        conv(shapes, name + ".net.0", hidden, hidden, 3);
        conv(shapes, name + ".net.2", hidden, hidden, 3);
        conv(shapes, name + ".net.4", hidden, hidden, 1);
    }

    private static void conv(Map<String, long[]> shapes, String name, int in, int out, int kernel) {
        shapes.put(name + ".weight", new long[] {out, in, kernel, kernel});
        shapes.put(name + ".bias", new long[] {out});
    }
}
