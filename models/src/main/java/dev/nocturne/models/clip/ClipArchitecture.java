package dev.nocturne.models.clip;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.nocturne.models.program.Resblocks;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sizes of CLIP with a vision transformer (Radford et al. 2021).
 *
 * @param imageSize side of the pictures it reads, in pixels
 * @param patch side of a patch in pixels
 * @param textLength text positions, start and end of text included
 * @param vocabulary tokens of the tokenizer and the two specials, start and end of text, which come
 *     last
 * @param embedding length of the common embedding
 * @param captions how captions are cleaned for it, as it learned them; null for ftfy's way, which
 *     is that of every tokenizer of ours
 * @param exactGelu whether its layers have the exact GELU in place of openai's approximation,
 *     QuickGELU
 * @param likelihood what the log-probability of a token counts in {@link #score}, beside a cosine;
 *     0: nothing
 * @param visionHeads heads of the image tower; 0 for heads 64 wide, as those of text are
 * @param visionMlp width of the image tower's MLPs; 0 for four times the tower's
 */
public record ClipArchitecture(
        int imageSize,
        int patch,
        int visionLayers,
        int visionWidth,
        int textLayers,
        int textWidth,
        int textLength,
        int vocabulary,
        int embedding,
        CaptionCleaning captions,
        @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean exactGelu,
        @JsonInclude(JsonInclude.Include.NON_DEFAULT) double likelihood,
        @JsonInclude(JsonInclude.Include.NON_DEFAULT) int visionHeads,
        @JsonInclude(JsonInclude.Include.NON_DEFAULT) int visionMlp) {

    private static final int HEAD_WIDTH = 64;

    /** As published. */
    public static final ClipArchitecture VIT_B_32 =
            new ClipArchitecture(224, 32, 12, 768, 12, 512, 77, 49408, 512);

    /** With QuickGELU, of captions that are cleaned as our own tokenizers do. */
    public ClipArchitecture(
            int imageSize,
            int patch,
            int visionLayers,
            int visionWidth,
            int textLayers,
            int textWidth,
            int textLength,
            int vocabulary,
            int embedding) {
        this(
                imageSize,
                patch,
                visionLayers,
                visionWidth,
                textLayers,
                textWidth,
                textLength,
                vocabulary,
                embedding,
                null,
                false,
                0,
                0,
                0);
    }

    public ClipArchitecture {
        if (imageSize % patch != 0) {
            throw new IllegalArgumentException(
                    "pictures of " + imageSize + " pixels can't be cut into patches of " + patch);
        }
        boolean cut =
                visionHeads == 0 ? visionWidth % HEAD_WIDTH == 0 : visionWidth % visionHeads == 0;
        if (!cut || textWidth % HEAD_WIDTH != 0) {
            throw new IllegalArgumentException(
                    "widths are "
                            + visionWidth
                            + " and "
                            + textWidth
                            + (visionHeads == 0
                                    ? "; heads are 64 wide: choose multiples of 64"
                                    : "; %d heads do not share them".formatted(visionHeads)));
        }
    }

    /** Numbers of a head of the image tower. */
    public int headWidth() {
        return visionHeads == 0 ? HEAD_WIDTH : visionWidth / visionHeads;
    }

    /** Whether all layers are openai's, in activation and widths, as training makes them. */
    public boolean hasOpenAiLayers() {
        return !exactGelu && visionHeads == 0 && visionMlp == 0;
    }

    private int mlpWidth() {
        return visionMlp == 0 ? 4 * visionWidth : visionMlp;
    }

    /** The same sizes, of captions that are cleaned so. */
    public ClipArchitecture with(CaptionCleaning captions) {
        return new ClipArchitecture(
                imageSize,
                patch,
                visionLayers,
                visionWidth,
                textLayers,
                textWidth,
                textLength,
                vocabulary,
                embedding,
                captions,
                exactGelu,
                likelihood,
                visionHeads,
                visionMlp);
    }

    /**
     * What candidates of a caption are ranked by: how well a picture fits it, and how likely the
     * model finds it, which tells ruins from pictures where CLIP, that learned from drawings, does
     * not.
     *
     * @param cosine of the embeddings of picture and caption
     * @param logProbability of the picture's tokens given the caption
     * @param tokens of the picture
     */
    public float score(float cosine, double logProbability, int tokens) {
        return (float) (cosine + likelihood * logProbability / tokens);
    }

    /**
     * Name and shape of every weight, the names of openai/CLIP: matrices are {@code [out, in]} but
     * for the two projections, {@code [width, embedding]}.
     */
    public Map<String, long[]> shapes() {
        int patches = (imageSize / patch) * (imageSize / patch);
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("visual.class_embedding", new long[] {visionWidth});
        shapes.put("visual.positional_embedding", new long[] {patches + 1, visionWidth});
        shapes.put("visual.conv1.weight", new long[] {visionWidth, 3, patch, patch});
        Resblocks.norm(shapes, "visual.ln_pre", visionWidth);
        Resblocks.shapes(shapes, "visual.transformer.", visionLayers, visionWidth, mlpWidth());
        Resblocks.norm(shapes, "visual.ln_post", visionWidth);
        shapes.put("visual.proj", new long[] {visionWidth, embedding});
        shapes.put("token_embedding.weight", new long[] {vocabulary, textWidth});
        shapes.put("positional_embedding", new long[] {textLength, textWidth});
        Resblocks.shapes(shapes, "transformer.", textLayers, textWidth, 4 * textWidth);
        Resblocks.norm(shapes, "ln_final", textWidth);
        shapes.put("text_projection", new long[] {textWidth, embedding});
        shapes.put("logit_scale", new long[] {});
        return shapes;
    }

    /** Operations to embed a picture; two for each multiplication. */
    public double flopsPerPicture() {
        double patches = Math.pow(imageSize / patch, 2);
        return 2 * patches * 3 * patch * patch * visionWidth
                + flops(visionLayers, visionWidth, mlpWidth(), patches + 1, patches + 1)
                + 2.0 * visionWidth * embedding;
    }

    /** Operations to embed a caption; two for each multiplication. */
    public double flopsPerCaption() {
        return flops(textLayers, textWidth, 4 * textWidth, textLength, (textLength + 1) / 2.0)
                + 2.0 * textWidth * embedding;
    }

    private static double flops(
            double layers, double width, double mlp, double positions, double seen) {
        return layers * positions * width * (8 * width + 4 * mlp + 4 * seen);
    }

    /**
     * Ids at every position: start of text, the caption's tokens, end of text, zeros.
     *
     * @param textTokens of the caption, at most {@code textLength - 2}
     * @return {@code [textLength]}
     * @throws IllegalArgumentException if there are more
     */
    public long[] padded(int[] textTokens) {
        if (textTokens.length + 2 > textLength) {
            throw new IllegalArgumentException(
                    textTokens.length + " text tokens; CLIP reads at most " + (textLength - 2));
        }
        long[] ids = new long[textLength];
        ids[0] = vocabulary - 2;
        for (int i = 0; i < textTokens.length; i++) {
            ids[i + 1] = textTokens[i];
        }
        ids[textTokens.length + 1] = vocabulary - 1;
        return ids;
    }
}
