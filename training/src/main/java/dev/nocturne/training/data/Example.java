package dev.nocturne.training.data;

/**
 * A picture and a caption that is true of it.
 *
 * @param rgb one plane for each colour, unsigned bytes, {@code [3, size, size]}; empty where the
 *     tokens are known
 * @param tokens of the picture, row by row; empty where they are not known
 */
public record Example(String caption, byte[] rgb, int[] tokens) {

    public Example(String caption, byte[] rgb) {
        this(caption, rgb, new int[0]);
    }

    public static Example ofTokens(String caption, int[] tokens) {
        return new Example(caption, new byte[0], tokens);
    }
}
