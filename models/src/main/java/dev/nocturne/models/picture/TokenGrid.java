package dev.nocturne.models.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.Arrays;

/**
 * A picture as tokens of the codebook, 16 bits each, in raster order: row by row from the top, left
 * to right. Equal if the tokens are.
 *
 * @param height rows
 * @param width columns
 * @param tokens {@code [height, width]}, each 0 to 65534
 */
public record TokenGrid(int height, int width, int[] tokens) {

    /** No token: a codebook has at most so many, numbered from 0. */
    public static final int NO_TOKEN = 0xffff;

    private static final int MAX_TOKEN = NO_TOKEN - 1;

    public TokenGrid {
        if (height < 1 || width < 1 || tokens.length != (long) height * width) {
            throw new IllegalArgumentException(
                    "%d tokens do not fill a grid of %dx%d"
                            .formatted(tokens.length, height, width));
        }
        for (int token : tokens) {
            if (token < 0 || token > MAX_TOKEN) {
                throw new IllegalArgumentException(
                        "token %d is outside 0 to %d".formatted(token, MAX_TOKEN));
            }
        }
    }

    /** The tokens as unsigned little-endian 16-bit numbers, two bytes each. */
    public byte[] toBytes() {
        byte[] bytes = new byte[tokens.length * Short.BYTES];
        ShortBuffer shorts = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        for (int token : tokens) {
            shorts.put((short) token);
        }
        return bytes;
    }

    /**
     * The inverse of {@link #toBytes}.
     *
     * @throws IllegalArgumentException if the bytes do not fill such a grid
     */
    public static TokenGrid fromBytes(int height, int width, byte[] bytes) {
        if (bytes.length != (long) height * width * Short.BYTES) {
            throw new IllegalArgumentException(
                    "%d bytes are not a grid of %dx%d tokens of 2 bytes"
                            .formatted(bytes.length, height, width));
        }
        ShortBuffer shorts = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        int[] tokens = new int[shorts.remaining()];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = Short.toUnsignedInt(shorts.get(i));
        }
        return new TokenGrid(height, width, tokens);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenGrid grid
                && height == grid.height
                && width == grid.width
                && Arrays.equals(tokens, grid.tokens);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * height + width) + Arrays.hashCode(tokens);
    }

    @Override
    public String toString() {
        return "TokenGrid[%dx%d %s]".formatted(height, width, Arrays.toString(tokens));
    }
}
