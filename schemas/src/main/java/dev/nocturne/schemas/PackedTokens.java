package dev.nocturne.schemas;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * The token grids of many candidates in one field, compressed together (zlib, RFC 1950). The
 * paper's 512 candidates of 32x32 tokens are 1 MiB, as much as Kafka takes in a message; packed
 * they fit beside the rest of the record, whatever the tokens are, if the codebook has no more than
 * the paper's 8,192 entries.
 */
public final class PackedTokens {

    private PackedTokens() {}

    /** As {@link #pack}; empty where that takes more than {@code maxBytes}. */
    public static ByteBuffer packWithin(List<ByteBuffer> grids, int maxBytes) {
        ByteBuffer packed = pack(grids);
        return packed.remaining() <= maxBytes ? packed : ByteBuffer.allocate(0);
    }

    /** The grids one after the other. */
    public static ByteBuffer pack(List<ByteBuffer> grids) {
        Deflater deflater = new Deflater();
        try {
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            byte[] buffer = new byte[1 << 13];
            for (ByteBuffer grid : grids) {
                deflater.setInput(EventCodec.bytes(grid));
                while (!deflater.needsInput()) {
                    packed.write(buffer, 0, deflater.deflate(buffer));
                }
            }
            deflater.finish();
            while (!deflater.finished()) {
                packed.write(buffer, 0, deflater.deflate(buffer));
            }
            return ByteBuffer.wrap(packed.toByteArray());
        } finally {
            deflater.end();
        }
    }

    /**
     * @param count of the grids
     * @param gridBytes of each
     * @throws IllegalArgumentException if so many grids of that size are not what was packed
     */
    public static List<ByteBuffer> unpack(ByteBuffer packed, int count, int gridBytes) {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(EventCodec.bytes(packed));
            List<ByteBuffer> grids = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                byte[] grid = new byte[gridBytes];
                int read = 0;
                while (read < gridBytes) {
                    int more = inflater.inflate(grid, read, gridBytes - read);
                    if (more == 0) {
                        throw new IllegalArgumentException(
                                "packed tokens end in grid %d of %d".formatted(i + 1, count));
                    }
                    read += more;
                }
                grids.add(ByteBuffer.wrap(grid));
            }
            if (inflater.inflate(new byte[1]) != 0) {
                throw new IllegalArgumentException(
                        "packed tokens are more than %d grids".formatted(count));
            }
            return grids;
        } catch (DataFormatException e) {
            throw new IllegalArgumentException("packed tokens are broken: " + e.getMessage(), e);
        } finally {
            inflater.end();
        }
    }
}
