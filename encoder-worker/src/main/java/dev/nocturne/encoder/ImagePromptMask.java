package dev.nocturne.encoder;

import dev.nocturne.models.picture.Pixels;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What a mask keeps of a picture: where it is transparent, the picture is drawn anew. A token of
 * which any pixel is transparent is drawn as a whole. What is kept must be the first rows, the
 * first columns, or both: a token is drawn by those before it, and would not see a part that is
 * kept behind it.
 *
 * @param rows token rows kept from the top
 * @param columns token columns kept from the left
 */
record ImagePromptMask(int rows, int columns) {

    private static final int ALPHA_SHIFT = 24;

    /**
     * @param mask as large as the picture, and cut as the picture is: its middle square counts
     * @param height token rows of the picture
     * @param width token columns of the picture
     * @throws PermanentException ({@code invalid_option}) if it keeps another part, all or nothing
     */
    static ImagePromptMask of(BufferedImage mask, int height, int width) {
        boolean[][] kept = kept(Pixels.middleSquare(mask), height, width);
        int rows = 0;
        while (rows < height && isRowKept(kept, rows)) {
            rows++;
        }
        if (rows == height) {
            throw invalid(
                    "has no transparent pixel in its middle square: clear what is to be drawn");
        }
        int columns = 0;
        while (columns < width && isColumnKept(kept, columns)) {
            columns++;
        }
        for (int row = rows; row < height; row++) {
            for (int column = columns; column < width; column++) {
                if (kept[row][column]) {
                    throw invalid(
                            "keeps a part to the right of what is drawn, or below: pictures are drawn row by row, so it may keep rows at the top, columns at the left, or both");
                }
            }
        }
        if (rows == 0 && columns == 0) {
            throw invalid(
                    "keeps no whole row of %d tokens at the top and no whole column of %d at the left: keep more, or paint without a picture"
                            .formatted(width, height));
        }
        return new ImagePromptMask(rows, columns);
    }

    /** By row and column of tokens: those that no transparent pixel has a share in. */
    private static boolean[][] kept(BufferedImage square, int height, int width) {
        boolean[][] kept = new boolean[height][width];
        for (boolean[] row : kept) {
            Arrays.fill(row, true);
        }
        int side = square.getWidth();
        int[] argb = new int[side];
        for (int y = 0; y < side; y++) {
            square.getRGB(0, y, side, 1, argb, 0, side);
            for (int x = 0; x < side; x++) {
                if (argb[x] >>> ALPHA_SHIFT == 0) {
                    clear(kept, y, x, side);
                }
            }
        }
        return kept;
    }

    /** A pixel may lie in more than one token, where their sizes do not divide each other. */
    private static void clear(boolean[][] kept, int y, int x, int side) {
        int height = kept.length;
        int width = kept[0].length;
        for (int row = y * height / side; row <= ((y + 1) * height - 1) / side; row++) {
            for (int column = x * width / side; column <= ((x + 1) * width - 1) / side; column++) {
                kept[row][column] = false;
            }
        }
    }

    private static boolean isRowKept(boolean[][] kept, int row) {
        return IntStream.range(0, kept[row].length).allMatch(column -> kept[row][column]);
    }

    private static boolean isColumnKept(boolean[][] kept, int column) {
        return Arrays.stream(kept).allMatch(row -> row[column]);
    }

    private static PermanentException invalid(String message) {
        return new PermanentException(ReasonCodes.INVALID_OPTION, "the mask " + message);
    }
}
