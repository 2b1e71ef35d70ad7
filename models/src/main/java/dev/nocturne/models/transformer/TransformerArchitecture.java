package dev.nocturne.models.transformer;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.nocturne.models.program.Resblocks;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The sizes of the transformer (Ramesh et al. 2021, appendix B).
 *
 * @param layers residual blocks
 * @param width of the residual stream; heads are 64 wide
 * @param textVocabulary tokens of the tokenizer, pads not counted
 * @param textLength text positions; each has a pad of its own
 * @param imageVocabulary size of the dVAE's codebook
 * @param gridSize tokens along each side of the image
 * @param attention what the layers attend to; null is {@link Attention#DENSE}
 */
public record TransformerArchitecture(
        int layers,
        int width,
        int textVocabulary,
        int textLength,
        int imageVocabulary,
        int gridSize,
        Attention attention)
        implements TransformerFamily {

    /** What the layers of a transformer attend to. */
    public enum Attention {
        /** Every layer to everything before. */
        @JsonProperty("dense")
        DENSE,
        /** As published: {@link AttentionPattern#published}. */
        @JsonProperty("sparse")
        SPARSE
    }

    /** The model of the paper, of 12 billion parameters. */
    public static final TransformerArchitecture PUBLISHED =
            new TransformerArchitecture(64, 3968, 16384, 256, 8192, 32, Attention.SPARSE);

    public TransformerArchitecture {
        attention = attention == null ? Attention.DENSE : attention;
        if (width < 64 || width % 64 != 0) {
            throw new IllegalArgumentException(
                    "width is " + width + "; heads are 64 wide: choose a multiple of 64");
        }
        if (layers < 1
                || textVocabulary < 1
                || textLength < 2
                || imageVocabulary < 2
                || gridSize < 1) {
            throw new IllegalArgumentException(
                    "every size of the transformer must be positive, text length and codebook at least 2: "
                            + this);
        }
    }

    @Override
    public List<String> sources() {
        return List.of("transformer.py", "resblocks.py");
    }

    @Override
    public List<AttentionPattern> patterns() {
        return IntStream.range(0, layers)
                .mapToObj(
                        layer ->
                                attention == Attention.SPARSE
                                        ? AttentionPattern.published(layer, layers)
                                        : AttentionPattern.FULL)
                .toList();
    }

    @Override
    public SortedMap<String, Object> beyondWeights() {
        SortedMap<String, Object> settings = new TreeMap<>();
        if (attention != Attention.DENSE) {
            settings.put("attention", attention);
        }
        return settings;
    }

    @Override
    public int keyWidth() {
        return width;
    }

    /** Text ids: the tokenizer's, then one pad for each text position. */
    public int textIds() {
        return textVocabulary + textLength;
    }

    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("text_token.weight", new long[] {textIds(), width});
        shapes.put("text_position.weight", new long[] {textLength, width});
        shapes.put("image_token.weight", new long[] {imageVocabulary, width});
        shapes.put("image_row.weight", new long[] {gridSize, width});
        shapes.put("image_column.weight", new long[] {gridSize, width});
        Resblocks.shapes(shapes, "", layers, width, 4 * width);
        Resblocks.norm(shapes, "ln_final", width);
        shapes.put("text_head.weight", new long[] {textIds(), width});
        shapes.put("image_head.weight", new long[] {imageVocabulary, width});
        return shapes;
    }

    /** The caption's tokens, then the pads of the positions left over. */
    @Override
    public long[] ids(int[] textTokens) {
        long[] ids = new long[textLength];
        for (int position = 0; position < textLength; position++) {
            ids[position] =
                    position < textTokens.length ? textTokens[position] : textVocabulary + position;
        }
        return ids;
    }
}
