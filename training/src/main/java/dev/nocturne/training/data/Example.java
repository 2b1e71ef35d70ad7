package dev.nocturne.training.data;

/**
 * A picture and a caption that is true of it.
 *
 * @param caption lower-case English
 * @param rgb the picture on white, one plane for each colour, unsigned bytes, {@code [3, size,
 *     size]}
 */
public record Example(String caption, byte[] rgb) {}
