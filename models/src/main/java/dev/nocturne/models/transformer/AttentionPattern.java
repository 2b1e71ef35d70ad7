package dev.nocturne.models.transformer;

import dev.nocturne.models.program.Constants;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which image positions an image position attends to (Ramesh et al. 2021, appendix B.1 and figure
 * 11), and what DALLE-pytorch made of it. Positions count in raster order and patterns wrap over
 * the edges of rows. Every position also attends to the whole text, and text to the text before it.
 */
public enum AttentionPattern {
    /** Itself and everything before it. */
    FULL,
    /** Itself and as many positions before it as a row has: back to the same column, one row up. */
    ROW,
    /** Its column, down to itself. */
    COLUMN,
    /** What a causal convolution of 11×11 tokens reaches. */
    CONVOLUTION,
    /** Its row, up to itself; no wrapping. DALLE-pytorch's {@code axial_row}. */
    OWN_ROW,
    /** 5×5 tokens, itself the last; no wrapping. DALLE-pytorch's {@code conv_like} from 1.5 on. */
    CORNER,
    /** 5×5 tokens around itself, of those before it; no wrapping. {@code conv_like} before 1.5. */
    AROUND;

    /** How far the convolution reaches up, left and right. */
    static final int REACH = Constants.whole("REACH");

    /** How far the corner reaches up and left. */
    static final int CORNER_REACH = Constants.whole("CORNER_REACH");

    /** How far the square around a token reaches. */
    static final int AROUND_REACH = Constants.whole("AROUND_REACH");

    /** The published layout: row, column, row, row, and so on; a convolution at the end. */
    public static AttentionPattern published(int layer, int layers) {
        if (layer == layers - 1) {
            return CONVOLUTION;
        }
        return layer % 4 == 1 ? COLUMN : ROW;
    }

    /**
     * The image positions that an image position attends to, both from 0 in raster order.
     *
     * @param width tokens in a row of the grid
     * @return ascending, {@code query} the last
     */
    public int[] keys(int query, int width) {
        return IntStream.rangeClosed(0, query).filter(key -> sees(query, key, width)).toArray();
    }

    /**
     * Every pattern, in order, as masks over text and image: whether a query sees a key.
     *
     * @param textLength text positions
     * @param gridSize tokens along each side of the image
     * @return {@code [patterns, positions, positions]}, row by row; positions are {@code textLength
     *     + gridSize²}, and of the last two the query comes first
     */
    public static boolean[] masks(int textLength, int gridSize) {
        int positions = textLength + gridSize * gridSize;
        boolean[] masks = new boolean[values().length * positions * positions];
        for (AttentionPattern pattern : values()) {
            for (int query = 0; query < positions; query++) {
                int row = (pattern.ordinal() * positions + query) * positions;
                Arrays.fill(masks, row, row + Math.min(query + 1, textLength), true);
                if (query >= textLength) {
                    for (int key : pattern.keys(query - textLength, gridSize)) {
                        masks[row + textLength + key] = true;
                    }
                }
            }
        }
        return masks;
    }

    /** Whether a position attends to this one, which is not after it. */
    private boolean sees(int query, int key, int width) {
        int distance = query - key;
        int left = query % width - key % width;
        return switch (this) {
            case FULL -> true;
            case ROW -> distance <= width;
            case COLUMN -> distance % width == 0;
            case CONVOLUTION ->
                    IntStream.rangeClosed(0, REACH)
                            .anyMatch(up -> Math.abs(distance - up * width) <= REACH);
            case OWN_ROW -> query / width == key / width;
            case CORNER ->
                    query / width - key / width <= CORNER_REACH
                            && left >= 0
                            && left <= CORNER_REACH;
            case AROUND ->
                    query / width - key / width <= AROUND_REACH && Math.abs(left) <= AROUND_REACH;
        };
    }

    /**
     * Image positions whose keys and values a decoder has to keep on a grid of this size: those
     * that some later position still attends to.
     */
    public int kept(int gridSize) {
        return switch (this) {
            case FULL, COLUMN -> gridSize * gridSize;
            case ROW -> Math.min(gridSize * gridSize, gridSize + 1);
            case CONVOLUTION -> Math.min(gridSize * gridSize, REACH * gridSize + REACH + 1);
            case OWN_ROW -> gridSize;
            case CORNER ->
                    Math.min(gridSize * gridSize, CORNER_REACH * gridSize + CORNER_REACH + 1);
            case AROUND ->
                    Math.min(gridSize * gridSize, AROUND_REACH * gridSize + AROUND_REACH + 1);
        };
    }

    /**
     * Image positions whose keys and values a decoder reads for one position: caches are read whole
     * as far as they have grown, except that the convolution, the corner and the square around pick
     * theirs.
     */
    int read(int position, int gridSize) {
        return switch (this) {
            case FULL, ROW, OWN_ROW -> Math.min(kept(gridSize), grown(position));
            case COLUMN -> Math.min(gridSize, grown(position / gridSize));
            case CONVOLUTION, CORNER, AROUND -> keys(position, gridSize).length;
        };
    }

    private static int grown(int slot) {
        return (slot / LockstepDecoding.GROWTH + 1) * LockstepDecoding.GROWTH;
    }
}
