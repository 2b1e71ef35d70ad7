package dev.nocturne.models.transformer;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.nocturne.models.program.Resblocks;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The sizes of the transformer of DALL·E mini and mega (dalle-mini, {@code
 * dalle_mini/model/modeling.py}; min-dalle, {@code models}): an encoder reads the caption, and each
 * layer of the decoder attends to what it made of it.
 *
 * @param encoderLayers pairs of attention and gated feed-forward that read the caption
 * @param layers of the decoder, each with a second attention, to the caption
 * @param width of the residual streams; heads are 64 wide
 * @param middle width of the feed-forwards
 * @param textVocabulary tokens of the tokenizer
 * @param textStart the token before each caption
 * @param textEnd the token after each caption
 * @param textPositions tokens that the encoder reads, these two among them
 * @param imageVocabulary size of the codebook
 * @param gridSize tokens along each side of the image
 */
public record DalleMiniTransformer(
        int encoderLayers,
        int layers,
        int width,
        int middle,
        int textVocabulary,
        int textStart,
        int textEnd,
        int textPositions,
        int imageVocabulary,
        int gridSize)
        implements TransformerFamily {

    static final String FAMILY = "dalle-mini";

    private static final String ENCODER = "encoder.";

    public DalleMiniTransformer {
        if (width < 64 || width % 64 != 0) {
            throw new IllegalArgumentException(
                    "width is " + width + "; heads are 64 wide: it must be a multiple of 64");
        }
        if (encoderLayers < 1
                || layers < 1
                || middle < 1
                || textPositions < 3
                || imageVocabulary < 2
                || gridSize < 1) {
            throw new IllegalArgumentException(
                    "every size of the transformer must be positive, and text positions at least 3");
        }
        if (Math.min(textStart, textEnd) < 0 || Math.max(textStart, textEnd) >= textVocabulary) {
            throw new IllegalArgumentException(
                    "captions begin with %d and end with %d, and there are %d text ids"
                            .formatted(textStart, textEnd, textVocabulary));
        }
    }

    /** Its name in {@code model.json}. */
    @JsonProperty("family")
    String family() {
        return FAMILY;
    }

    @Override
    public List<String> sources() {
        return List.of("dalle_mini.py");
    }

    /** The decoder's. */
    @Override
    public List<AttentionPattern> patterns() {
        return Collections.nCopies(layers, AttentionPattern.FULL);
    }

    /** Which tokens are around a caption is the tokenizer's. */
    @Override
    public SortedMap<String, Object> beyondWeights() {
        return new TreeMap<>();
    }

    @Override
    public int keyWidth() {
        return width;
    }

    @Override
    public int textLength() {
        return textPositions - 2;
    }

    @Override
    public boolean readsTextOnly(String weight) {
        return weight.startsWith(ENCODER) || weight.endsWith(".cross.kv.weight");
    }

    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(ENCODER + "token.weight", new long[] {textVocabulary, width});
        shapes.put(ENCODER + "position.weight", new long[] {textPositions, width});
        stack(shapes, ENCODER, encoderLayers);
        shapes.put("image_token.weight", new long[] {imageVocabulary, width});
        shapes.put("start_token.weight", new long[] {width});
        shapes.put("image_position.weight", new long[] {gridSize, gridSize, width});
        stack(shapes, "", layers);
        for (int layer = 0; layer < layers; layer++) {
            String cross = "layers." + layer + ".cross";
            attention(shapes, cross);
            shapes.put(cross + ".q.weight", new long[] {width, width});
            shapes.put(cross + ".kv.weight", new long[] {2L * width, width});
        }
        shapes.put("image_head.weight", new long[] {imageVocabulary, width});
        return shapes;
    }

    /** What encoder and decoder have alike. */
    private void stack(Map<String, long[]> shapes, String prefix, int count) {
        Resblocks.norm(shapes, prefix + "norm_embedding", width);
        for (int layer = 0; layer < count; layer++) {
            String name = prefix + "layers." + layer;
            attention(shapes, name + ".attn");
            shapes.put(name + ".attn.qkv.weight", new long[] {3L * width, width});
            Resblocks.norm(shapes, name + ".glu.norm", width);
            shapes.put(name + ".glu.gate.weight", new long[] {middle, width});
            shapes.put(name + ".glu.value.weight", new long[] {middle, width});
            Resblocks.norm(shapes, name + ".glu.norm_middle", middle);
            shapes.put(name + ".glu.out.weight", new long[] {width, middle});
        }
        Resblocks.norm(shapes, prefix + "norm_final", width);
    }

    private void attention(Map<String, long[]> shapes, String name) {
        Resblocks.norm(shapes, name + ".norm", width);
        shapes.put(name + ".out.weight", new long[] {width, width});
        Resblocks.norm(shapes, name + ".norm_out", width);
    }

    /** The caption's tokens between those that begin and end it; pads are hidden, so none. */
    @Override
    public long[] ids(int[] textTokens) {
        long[] ids = new long[textTokens.length + 2];
        ids[0] = textStart;
        for (int position = 0; position < textTokens.length; position++) {
            ids[1 + position] = textTokens[position];
        }
        ids[ids.length - 1] = textEnd;
        return ids;
    }
}
