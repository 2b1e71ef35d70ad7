package dev.nocturne.models.program;

import java.util.Map;

/**
 * Names and shapes of the residual blocks that the transformer and CLIP share; see {@code
 * resblocks.py}.
 */
public final class Resblocks {
    private Resblocks() {}

    /** Adds the weights of so many blocks, whose residual stream is so wide, and whose MLP is. */
    public static void shapes(
            Map<String, long[]> shapes, String prefix, int layers, int width, int mlp) {
        for (int layer = 0; layer < layers; layer++) {
            String block = prefix + "resblocks." + layer;
            norm(shapes, block + ".ln_1", width);
            shapes.put(block + ".attn.in_proj_weight", new long[] {3L * width, width});
            shapes.put(block + ".attn.in_proj_bias", new long[] {3L * width});
            dense(shapes, block + ".attn.out_proj", width, width);
            norm(shapes, block + ".ln_2", width);
            dense(shapes, block + ".mlp.c_fc", width, mlp);
            dense(shapes, block + ".mlp.c_proj", mlp, width);
        }
    }

    /** Adds a norm's {@code [width]} of gains and of biases. */
    public static void norm(Map<String, long[]> shapes, String name, int width) {
        shapes.put(name + ".weight", new long[] {width});
        shapes.put(name + ".bias", new long[] {width});
    }

    /** Adds a matrix {@code [out, in]} and its bias {@code [out]}. */
    public static void dense(Map<String, long[]> shapes, String name, int in, int out) {
        shapes.put(name + ".weight", new long[] {out, in});
        shapes.put(name + ".bias", new long[] {out});
    }
}
