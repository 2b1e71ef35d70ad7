package dev.nocturne.models.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;

/**
 * Image tokens given instead of drawn, in raster order (Ramesh et al. 2021, section 3.3): the part
 * of a picture that the drawn ones share. A token sees only those before it.
 */
public final class PrimedTokens {
    /** Stands for a token that is to be drawn. */
    public static final int DRAWN = -1;

    /** Nothing given. */
    public static final int[] NONE = {};

    private static final short DRAWN_BITS = (short) TokenGrid.NO_TOKEN;

    private PrimedTokens() {}

    /**
     * Keeps the first rows and the first columns of a picture.
     *
     * @return {@code [height, width]} tokens of the grid, {@link #DRAWN} where none is kept
     * @throws IllegalArgumentException if nothing would be left to draw
     */
    public static int[] of(TokenGrid grid, int rows, int columns) {
        if (rows < 0 || rows >= grid.height() || columns < 0 || columns >= grid.width()) {
            throw new IllegalArgumentException(
                    "%d rows and %d columns of a grid of %dx%d tokens: keep at most %d and %d"
                            .formatted(
                                    rows,
                                    columns,
                                    grid.height(),
                                    grid.width(),
                                    grid.height() - 1,
                                    grid.width() - 1));
        }
        int[] tokens = grid.tokens().clone();
        for (int position = 0; position < tokens.length; position++) {
            if (position / grid.width() >= rows && position % grid.width() >= columns) {
                tokens[position] = DRAWN;
            }
        }
        return tokens;
    }

    /**
     * Keeps the tokens that lie as the squares of one colour of a chessboard.
     *
     * @return {@code [height, width]}, {@link #DRAWN} for the other colour
     */
    public static int[] everySecond(TokenGrid grid) {
        int[] tokens = grid.tokens().clone();
        for (int position = 0; position < tokens.length; position++) {
            if ((position / grid.width() + position % grid.width()) % 2 != 0) {
                tokens[position] = DRAWN;
            }
        }
        return tokens;
    }

    /** Unsigned little-endian 16-bit numbers, 65535 for those to be drawn. */
    public static byte[] toBytes(int[] tokens) {
        byte[] bytes = new byte[tokens.length * Short.BYTES];
        ShortBuffer shorts = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        for (int token : tokens) {
            shorts.put(token == DRAWN ? DRAWN_BITS : (short) token);
        }
        return bytes;
    }

    /**
     * The inverse of {@link #toBytes}.
     *
     * @throws IllegalArgumentException if the bytes are no whole number of tokens
     */
    public static int[] fromBytes(byte[] bytes) {
        if (bytes.length % Short.BYTES != 0) {
            throw new IllegalArgumentException(
                    bytes.length + " bytes are not primed tokens of 2 bytes each");
        }
        ShortBuffer shorts = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        int[] tokens = new int[shorts.remaining()];
        for (int i = 0; i < tokens.length; i++) {
            short bits = shorts.get(i);
            tokens[i] = bits == DRAWN_BITS ? DRAWN : Short.toUnsignedInt(bits);
        }
        return tokens;
    }
}
