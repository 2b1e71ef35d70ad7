package dev.nocturne.models.clip;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Embeddings as bytes: float32, little-endian. */
public final class Embeddings {

    private Embeddings() {}

    /** Four bytes for each number of {@code [embedding]}. */
    public static byte[] toBytes(float[] embedding) {
        byte[] bytes = new byte[embedding.length * Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(embedding);
        return bytes;
    }

    /**
     * The inverse of {@link #toBytes}.
     *
     * @throws IllegalArgumentException if the bytes are no whole number of floats
     */
    public static float[] fromBytes(byte[] bytes) {
        if (bytes.length % Float.BYTES != 0) {
            throw new IllegalArgumentException(
                    "%d bytes are not an embedding of 4 bytes a number".formatted(bytes.length));
        }
        float[] embedding = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(embedding);
        return embedding;
    }
}
