package dev.nocturne.models.transformer;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.nocturne.models.program.Resblocks;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The sizes of minDALL-E's transformer (kakaobrain, {@code stage2/transformer.py}): ours with dense
 * attention, but with one pad for all text positions and a learned vector for each image position.
 *
 * @param layers residual blocks
 * @param width of the residual stream; heads are 64 wide
 * @param textVocabulary text ids, the pad among them
 * @param pad the text id of positions left over
 * @param textLength text positions
 * @param imageVocabulary size of the codebook
 * @param gridSize tokens along each side of the image
 */
public record KakaoTransformer(
        int layers,
        int width,
        int textVocabulary,
        int pad,
        int textLength,
        int imageVocabulary,
        int gridSize)
        implements TransformerFamily {

    /** What bundles call it. */
    static final String FAMILY = "mindalle";

    public KakaoTransformer {
        if (width < 64 || width % 64 != 0) {
            throw new IllegalArgumentException(
                    "width is " + width + "; heads are 64 wide: it must be a multiple of 64");
        }
        if (layers < 1 || textLength < 1 || imageVocabulary < 2 || gridSize < 1) {
            throw new IllegalArgumentException("every size of the transformer must be positive");
        }
        if (pad < 0 || pad >= textVocabulary) {
            throw new IllegalArgumentException(
                    "the pad is %d, and there are %d text ids".formatted(pad, textVocabulary));
        }
    }

    /** Its name in {@code model.json}. */
    @JsonProperty("family")
    String family() {
        return FAMILY;
    }

    @Override
    public List<String> sources() {
        return List.of("transformer.py", "resblocks.py");
    }

    @Override
    public List<AttentionPattern> patterns() {
        return Collections.nCopies(layers, AttentionPattern.FULL);
    }

    /** The pad is the tokenizer's. */
    @Override
    public SortedMap<String, Object> beyondWeights() {
        return new TreeMap<>();
    }

    @Override
    public int keyWidth() {
        return width;
    }

    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("text_token.weight", new long[] {textVocabulary, width});
        shapes.put("text_position.weight", new long[] {textLength, width});
        shapes.put("image_token.weight", new long[] {imageVocabulary, width});
        shapes.put("image_position.weight", new long[] {gridSize, gridSize, width});
        Resblocks.shapes(shapes, "", layers, width, 4 * width);
        Resblocks.norm(shapes, "ln_final", width);
        shapes.put("image_head.weight", new long[] {imageVocabulary, width});
        return shapes;
    }

    /** The caption's tokens, then pads. */
    @Override
    public long[] ids(int[] textTokens) {
        long[] ids = new long[textLength];
        Arrays.fill(ids, pad);
        for (int position = 0; position < textTokens.length; position++) {
            ids[position] = textTokens[position];
        }
        return ids;
    }
}
