package dev.nocturne.models.dvae;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Resblocks;
import dev.nocturne.models.program.TorchProgram;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sizes of a VQGAN (Esser et al. 2021, taming-transformers) as kakaobrain's minDALL-E has it,
 * {@code stage1/layers.py} there, or DALL·E mini, min-dalle's {@code vqgan_detokenizer.py}.
 *
 * @param channels of each level, that of the pixels first; the sides halve from level to level
 * @param blocks residual blocks of a level of the encoder; the decoder has one more
 * @param attention levels with attention after each residual block, from 0; the middle always has
 *     it
 * @param latent channels between encoder or decoder and the codes
 * @param vocabulary size of the codebook
 * @param codeWidth length of a codebook vector
 * @param unitPixels whether pixels are 0 to 1 inside, not -1 to 1
 * @param drawsOnly whether it has no encoder
 */
public record Vqgan(
        List<Integer> channels,
        int blocks,
        List<Integer> attention,
        int latent,
        int vocabulary,
        int codeWidth,
        boolean unitPixels,
        boolean drawsOnly)
        implements DvaeFamily {

    static final String FAMILY = "vqgan";

    /** Norms are over so many groups of channels. */
    private static final int GROUPS = 32;

    public Vqgan {
        if (channels == null
                || channels.isEmpty()
                || channels.size() > 16
                || channels.stream().anyMatch(width -> width < GROUPS || width % GROUPS != 0)
                || blocks < 1
                || latent < 1
                || codeWidth < 1) {
            throw new IllegalArgumentException(
                    "a VQGAN has 1 to 16 levels of channels in multiples of %d, and no size below 1"
                            .formatted(GROUPS));
        }
        if (vocabulary < 2 || vocabulary > TokenGrid.NO_TOKEN) {
            throw new IllegalArgumentException(
                    "vocabulary is " + vocabulary + "; tokens are 16 bits: choose 2 to 65535");
        }
        channels = List.copyOf(channels);
        attention = attention == null ? List.of() : List.copyOf(attention);
    }

    /** Its name in {@code model.json}. */
    @JsonProperty("family")
    String family() {
        return FAMILY;
    }

    @Override
    public TorchProgram program() {
        return TorchProgram.load("vqgan.py", unitPixels ? "pixels_unit.py" : "pixels_signed.py");
    }

    @Override
    public boolean readsPictures() {
        return !drawsOnly;
    }

    @Override
    public int widestChannels() {
        return channels.get(0);
    }

    @Override
    public int downsampling() {
        return 1 << (channels.size() - 1);
    }

    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        int last = channels.size() - 1;
        int innermost = channels.get(last);

        if (!drawsOnly) {
            encoder(shapes);
        }
        shapes.put("quantize.embedding.weight", new long[] {vocabulary, codeWidth});
        conv(shapes, "post_quant_conv", codeWidth, latent, 1);

        conv(shapes, "decoder.conv_in", latent, innermost, 3);
        middle(shapes, "decoder.mid", innermost);
        int in = innermost;
        for (int level = last; level >= 0; level--) {
            String name = "decoder.up." + level;
            in = level(shapes, name, level, blocks + 1, in);
            if (level > 0) {
                conv(shapes, name + ".upsample.conv", in, in, 3);
            }
        }
        Resblocks.norm(shapes, "decoder.norm_out", in);
        conv(shapes, "decoder.conv_out", in, 3, 3);
        return shapes;
    }

    private void encoder(Map<String, long[]> shapes) {
        int last = channels.size() - 1;
        int innermost = channels.get(last);
        int in = channels.get(0);
        conv(shapes, "encoder.conv_in", 3, in, 3);
        for (int level = 0; level <= last; level++) {
            String name = "encoder.down." + level;
            in = level(shapes, name, level, blocks, in);
            if (level < last) {
                conv(shapes, name + ".downsample.conv", in, in, 3);
            }
        }
        middle(shapes, "encoder.mid", innermost);
        Resblocks.norm(shapes, "encoder.norm_out", innermost);
        conv(shapes, "encoder.conv_out", innermost, latent, 3);
        conv(shapes, "quant_conv", latent, codeWidth, 1);
    }

    /** Returns the channels that come out. */
    private int level(Map<String, long[]> shapes, String name, int level, int count, int in) {
        int out = channels.get(level);
        for (int block = 0; block < count; block++) {
            residual(shapes, name + ".block." + block, in, out);
            if (attention.contains(level)) {
                attention(shapes, name + ".attn." + block, out);
            }
            in = out;
        }
        return out;
    }

    private static void middle(Map<String, long[]> shapes, String name, int width) {
        residual(shapes, name + ".block_1", width, width);
        attention(shapes, name + ".attn_1", width);
        residual(shapes, name + ".block_2", width, width);
    }

    private static void residual(Map<String, long[]> shapes, String name, int in, int out) {
        Resblocks.norm(shapes, name + ".norm1", in);
        conv(shapes, name + ".conv1", in, out, 3);
        Resblocks.norm(shapes, name + ".norm2", out);
        conv(shapes, name + ".conv2", out, out, 3);
        if (in != out) {
            conv(shapes, name + ".nin_shortcut", in, out, 1);
        }
    }

    private static void attention(Map<String, long[]> shapes, String name, int width) {
        Resblocks.norm(shapes, name + ".norm", width);
        for (String part : List.of("q", "k", "v", "proj_out")) {
            conv(shapes, name + "." + part, width, width, 1);
        }
    }

    private static void conv(Map<String, long[]> shapes, String name, int in, int out, int kernel) {
        shapes.put(name + ".weight", new long[] {out, in, kernel, kernel});
        shapes.put(name + ".bias", new long[] {out});
    }
}
