package dev.nocturne.models.dvae;

import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.TorchProgram;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sizes of a discrete VAE (Ramesh et al. 2021, appendix A; openai/DALL-E).
 *
 * @param hidden channels of the first group; group {@code g} of the encoder has {@code hidden ·
 *     2^(g-1)}
 * @param groups groups of residual blocks; the picture shrinks by 2 between groups
 * @param blocksPerGroup residual blocks in a group
 * @param vocabulary size of the codebook
 * @param codeWidth length of a codebook vector
 * @param subpixel whether the resampling between groups is learned; published are maximum and
 *     repetition, which small models learn slowly with
 */
public record DvaeArchitecture(
        int hidden, int groups, int blocksPerGroup, int vocabulary, int codeWidth, boolean subpixel)
        implements DvaeFamily {

    /** The published model: 256×256 pixels to 32×32 tokens. */
    public static final DvaeArchitecture PUBLISHED =
            new DvaeArchitecture(256, 4, 2, 8192, 128, false);

    public DvaeArchitecture {
        if (hidden < 8 || hidden % 4 != 0) {
            throw new IllegalArgumentException(
                    "hidden is " + hidden + "; it must be a multiple of 4, at least 8");
        }
        if (groups < 1 || blocksPerGroup < 1 || codeWidth < 1) {
            throw new IllegalArgumentException(
                    "groups, blocksPerGroup and codeWidth must be at least 1");
        }
        if (vocabulary < 2 || vocabulary > TokenGrid.NO_TOKEN) {
            throw new IllegalArgumentException(
                    "vocabulary is " + vocabulary + "; tokens are 16 bits: choose 2 to 65535");
        }
    }

    @Override
    public TorchProgram program() {
        return TorchProgram.load("dvae.py", "adamw.py");
    }

    @Override
    public int widestChannels() {
        return hidden;
    }

    @Override
    public int downsampling() {
        return 1 << (groups - 1);
    }

    /** In the order of computation. */
    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        conv(shapes, "encoder.blocks.input", 3, hidden, 7);
        int channels = hidden;
        for (int group = 1; group <= groups; group++) {
            channels =
                    group(
                            shapes,
                            "encoder.blocks.group_" + group,
                            channels,
                            hidden << (group - 1),
                            new int[] {3, 3, 3, 1});
            if (subpixel && group < groups) {
                conv(
                        shapes,
                        "encoder.blocks.group_" + group + ".downsample",
                        4 * channels,
                        channels,
                        1);
            }
        }
        conv(shapes, "encoder.blocks.output.conv", channels, vocabulary, 1);

        conv(shapes, "decoder.blocks.input", vocabulary, codeWidth, 1);
        channels = codeWidth;
        for (int group = 1; group <= groups; group++) {
            channels =
                    group(
                            shapes,
                            "decoder.blocks.group_" + group,
                            channels,
                            hidden << (groups - group),
                            new int[] {1, 3, 3, 3});
            if (subpixel && group < groups) {
                conv(
                        shapes,
                        "decoder.blocks.group_" + group + ".upsample",
                        channels,
                        4 * channels,
                        1);
            }
        }
        // mean and log scale of the logit-Laplace for red, green and blue
        conv(shapes, "decoder.blocks.output.conv", channels, 6, 1);
        return shapes;
    }

    /** Operations to encode a picture of so many pixels a side; two for each multiplication. */
    public double flopsToEncode(int imageSize) {
        return flops("encoder.", imageSize);
    }

    /** Operations to decode a picture of so many pixels a side; two for each multiplication. */
    public double flopsToDecode(int imageSize) {
        return flops("decoder.", imageSize);
    }

    private double flops(String half, int imageSize) {
        double flops = 0;
        for (Map.Entry<String, long[]> shape : shapes().entrySet()) {
            String name = shape.getKey();
            // the first convolution of the decoder looks its codes up
            if (name.startsWith(half)
                    && name.endsWith(".w")
                    && !name.equals("decoder.blocks.input.w")) {
                long side = imageSize >> halvings(name);
                flops +=
                        2.0
                                * side
                                * side
                                * Arrays.stream(shape.getValue()).reduce(1, (a, b) -> a * b);
            }
        }
        return flops;
    }

    /** How often the picture was halved where this layer works. */
    private int halvings(String name) {
        boolean encoder = name.startsWith("encoder.");
        if (!name.contains("group_")) {
            return encoder == name.contains(".output.") ? groups - 1 : 0;
        }
        int group = name.charAt(name.indexOf("group_") + 6) - '0';
        int halvings = encoder ? group - 1 : groups - group;
        return name.contains("downsample") ? halvings + 1 : halvings;
    }

    private int group(Map<String, long[]> shapes, String name, int in, int out, int[] kernels) {
        for (int block = 1; block <= blocksPerGroup; block++) {
            String blockName = name + ".block_" + block;
            int bottleneck = out / 4;
            conv(shapes, blockName + ".res_path.conv_1", in, bottleneck, kernels[0]);
            conv(shapes, blockName + ".res_path.conv_2", bottleneck, bottleneck, kernels[1]);
            conv(shapes, blockName + ".res_path.conv_3", bottleneck, bottleneck, kernels[2]);
            conv(shapes, blockName + ".res_path.conv_4", bottleneck, out, kernels[3]);
            if (in != out) {
                conv(shapes, blockName + ".id_path", in, out, 1);
            }
            in = out;
        }
        return out;
    }

    private static void conv(Map<String, long[]> shapes, String name, int in, int out, int kernel) {
        shapes.put(name + ".w", new long[] {out, in, kernel, kernel});
        shapes.put(name + ".b", new long[] {out});
    }
}
