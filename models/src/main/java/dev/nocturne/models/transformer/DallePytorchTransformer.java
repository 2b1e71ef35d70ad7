package dev.nocturne.models.transformer;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.nocturne.models.program.Resblocks;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The sizes of a transformer of DALLE-pytorch (lucidrains, version 1: {@code dalle_pytorch.py},
 * {@code transformer.py}), with the settings there of the same names.
 *
 * @param layers pairs of attention and feed-forward
 * @param width of the residual stream
 * @param heads of attention; each is 64 wide
 * @param textVocabulary tokens of the tokenizer; 0 is none of a caption but stands for a pad
 * @param textLength text positions; each has a pad of its own, and the start token comes before
 * @param imageVocabulary size of the dVAE's codebook
 * @param gridSize tokens along each side of the image
 * @param attention what the layers attend to, over and over
 * @param rotary whether positions rotate queries, keys and values; else they are learned
 * @param shiftTokens whether some channels come from neighbours
 * @param sandwichNorm whether a branch ends in a norm, too
 * @param stable whether the output is divided by its maximum
 * @param reversible whether there are two residual streams
 */
public record DallePytorchTransformer(
        int layers,
        int width,
        int heads,
        int textVocabulary,
        int textLength,
        int imageVocabulary,
        int gridSize,
        List<AttentionPattern> attention,
        boolean rotary,
        boolean shiftTokens,
        boolean sandwichNorm,
        boolean stable,
        boolean reversible)
        implements TransformerFamily {

    static final String FAMILY = "dalle-pytorch";

    /** Ends the names of the angles of positions. */
    private static final String ROTATION = "_rotation";

    private static final int HEAD_WIDTH = 64;

    /** Numbers of a head that are rotated, for each of text, row and column: a third, but even. */
    private static final int ROTATED = HEAD_WIDTH / 3 / 2 * 2;

    public DallePytorchTransformer {
        if (layers < 1
                || width < 1
                || heads < 1
                || textVocabulary < 1
                || textLength < 1
                || imageVocabulary < 2
                || gridSize < 1
                || attention == null
                || attention.isEmpty()) {
            throw new IllegalArgumentException(
                    "every size of the transformer must be positive, and attention no empty list");
        }
        if (shiftTokens && width % 4 != 0) {
            throw new IllegalArgumentException(
                    "width is %d: tokens are shifted by quarters of it".formatted(width));
        }
        attention = List.copyOf(attention);
    }

    /** Its name in {@code model.json}. */
    @JsonProperty("family")
    String family() {
        return FAMILY;
    }

    @Override
    public List<String> sources() {
        return List.of("dalle_pytorch.py");
    }

    @Override
    public List<AttentionPattern> patterns() {
        return IntStream.range(0, layers)
                .mapToObj(layer -> attention.get(layer % attention.size()))
                .toList();
    }

    /** Whether positions rotate, and branches end in a norm, shows in the weights. */
    @Override
    public SortedMap<String, Object> beyondWeights() {
        SortedMap<String, Object> settings = new TreeMap<>();
        if (!patterns().stream().allMatch(AttentionPattern.FULL::equals)) {
            settings.put("attention", attention);
        }
        Map.of("shift_tokens", shiftTokens, "stable", stable, "reversible", reversible)
                .forEach(
                        (name, isOn) -> {
                            if (isOn) {
                                settings.put(name, isOn);
                            }
                        });
        return settings;
    }

    @Override
    public long[] layout() {
        return LongStream.concat(
                        LongStream.of(TransformerFamily.super.layout()),
                        LongStream.of(shiftTokens ? 1 : 0, stable ? 1 : 0, reversible ? 1 : 0))
                .toArray();
    }

    @Override
    public int keyWidth() {
        return heads * HEAD_WIDTH;
    }

    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("text_emb.weight", new long[] {textVocabulary + textLength, width});
        shapes.put("image_emb.weight", new long[] {imageVocabulary, width});
        if (rotary) {
            shapes.put("text" + ROTATION, new long[] {textLength + 1, 3 * ROTATED});
            shapes.put("image" + ROTATION, new long[] {gridSize, gridSize, 3 * ROTATED});
        } else {
            shapes.put("text_position.weight", new long[] {textLength + 1, width});
            shapes.put("image_row.weight", new long[] {gridSize, width});
            shapes.put("image_column.weight", new long[] {gridSize, width});
        }
        for (int layer = 0; layer < layers; layer++) {
            String attn = "layers." + layer + ".attn";
            branch(shapes, attn);
            shapes.put(attn + ".to_qkv.weight", new long[] {3L * keyWidth(), width});
            Resblocks.dense(shapes, attn + ".to_out", keyWidth(), width);
            String ff = "layers." + layer + ".ff";
            branch(shapes, ff);
            // values and their gates
            Resblocks.dense(shapes, ff + ".proj_in", width, 2 * 4 * width);
            Resblocks.dense(shapes, ff + ".proj_out", 4 * width, width);
        }
        Resblocks.norm(shapes, "norm_final", width);
        Resblocks.dense(shapes, "image_head", width, imageVocabulary);
        return shapes;
    }

    private void branch(Map<String, long[]> shapes, String name) {
        shapes.put(name + ".scale", new long[] {width});
        Resblocks.norm(shapes, name + ".norm", width);
        if (sandwichNorm) {
            Resblocks.norm(shapes, name + ".norm_out", width);
        }
    }

    @Override
    public boolean isConstant(String weight) {
        return weight.endsWith(ROTATION);
    }

    /** The start token, then the caption's, then the pads of the positions left over. */
    @Override
    public long[] ids(int[] textTokens) {
        long[] ids = new long[1 + textLength];
        for (int position = 0; position < textLength; position++) {
            boolean pad = position >= textTokens.length || textTokens[position] == 0;
            ids[1 + position] = pad ? textVocabulary + position : textTokens[position];
        }
        return ids;
    }
}
