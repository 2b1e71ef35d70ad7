package dev.nocturne.training.dataset;

/**
 * Where the bytes of a picture's file lie.
 *
 * @param file a path, or {@code s3://bucket/key}
 * @param offset of the first byte in it
 * @param length in bytes, or {@link #TO_THE_END}
 */
record Place(String file, long offset, long length) {
    static final long TO_THE_END = -1;

    static Place whole(String file) {
        return new Place(file, 0, TO_THE_END);
    }
}
