package dev.nocturne.models.picture;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A picture of which not all tokens are known yet: the first ones, drawn so far, and those that
 * were given. Raster order.
 *
 * @param height rows
 * @param width columns
 * @param tokens {@code [height, width]}; {@link PrimedTokens#DRAWN} where it is to be drawn yet
 */
public record PartialGrid(int height, int width, int[] tokens) {

    public PartialGrid {
        if (height < 1 || width < 1 || tokens.length != (long) height * width) {
            throw new IllegalArgumentException(
                    "%d tokens do not fill a grid of %dx%d"
                            .formatted(tokens.length, height, width));
        }
    }

    /** What is left, filled with one token. */
    public TokenGrid filledWith(int token) {
        return new TokenGrid(
                height,
                width,
                Arrays.stream(tokens).map(t -> t == PrimedTokens.DRAWN ? token : t).toArray());
    }

    /** As {@link PrimedTokens#toBytes}. */
    public byte[] toBytes() {
        return PrimedTokens.toBytes(tokens);
    }

    /** The inverse of {@link #toBytes}. */
    public static PartialGrid fromBytes(int height, int width, byte[] bytes) {
        return new PartialGrid(height, width, PrimedTokens.fromBytes(bytes));
    }

    /**
     * After how many positions a picture is shown that shall be shown so many times on its way: at
     * the ends of rows, that far apart that about as much is drawn between any two. Fewer where
     * there are not as many rows to draw.
     *
     * @param primed of the candidate
     * @return ascending; at none of them the grid is finished
     */
    public static int[] positions(int height, int width, int[] primed, int times) {
        int[] drawnRows =
                IntStream.range(0, height)
                        .filter(row -> isDrawn(row * width, width, primed))
                        .toArray();
        return IntStream.rangeClosed(1, times)
                .map(i -> Math.round((float) i * drawnRows.length / (times + 1)))
                .filter(rows -> rows > 0 && rows < drawnRows.length)
                .distinct()
                .map(rows -> (drawnRows[rows - 1] + 1) * width)
                .toArray();
    }

    private static boolean isDrawn(int start, int width, int[] primed) {
        return IntStream.range(start, start + width)
                .anyMatch(i -> i >= primed.length || primed[i] == PrimedTokens.DRAWN);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PartialGrid grid
                && height == grid.height
                && width == grid.width
                && Arrays.equals(tokens, grid.tokens);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * height + width) + Arrays.hashCode(tokens);
    }
}
