package dev.nocturne.models.format;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.format.Safetensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Writes files of {@link Safetensors}. */
final class SafetensorsWriter {
    /** Bytes written at a time, a multiple of every element's size. */
    private static final int CHUNK_BYTES = 1 << 20;

    private SafetensorsWriter() {}

    /** See {@link Safetensors#write}. */
    static void write(
            Path file,
            Map<String, long[]> shapes,
            Map<String, Tensor> tensors,
            StorageType type,
            Map<String, String> metadata)
            throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            unfinished,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)) {
                writeFully(channel, header(shapes, type, metadata));
                ByteBuffer chunk =
                        ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
                for (Map.Entry<String, long[]> shape : shapes.entrySet()) {
                    writeElements(
                            channel,
                            filling(shape.getValue(), tensors.get(shape.getKey())),
                            type,
                            chunk);
                }
                channel.force(true);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            Files.move(
                    unfinished,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private static float[] filling(long[] shape, Tensor tensor) {
        if (!Arrays.equals(shape, tensor.shape())) {
            throw new IllegalArgumentException(
                    "a tensor is %s, and not %s"
                            .formatted(Arrays.toString(tensor.shape()), Arrays.toString(shape)));
        }
        return tensor.data();
    }

    private static ByteBuffer header(
            Map<String, long[]> shapes, StorageType type, Map<String, String> metadata)
            throws IOException {
        ObjectNode header = Safetensors.JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode texts = header.putObject(Safetensors.METADATA);
            new TreeMap<>(metadata).forEach(texts::put);
        }
        long end = 0;
        for (Map.Entry<String, long[]> named : shapes.entrySet()) {
            ObjectNode entry = header.putObject(named.getKey());
            entry.put("dtype", type.name());
            entry.set("shape", Safetensors.JSON.valueToTree(named.getValue()));
            long begin = end;
            end += Safetensors.elements(named.getValue()) * type.elementType().bytes();
            entry.putArray("data_offsets").add(begin).add(end);
        }
        byte[] json = Safetensors.JSON.writeValueAsBytes(header);
        // spaces after the JSON align the tensors to eight bytes
        int padded = (json.length + 7) / 8 * 8;
        ByteBuffer buffer =
                ByteBuffer.allocate(Safetensors.LENGTH_BYTES + padded)
                        .order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(padded).put(json);
        while (buffer.hasRemaining()) {
            buffer.put((byte) ' ');
        }
        return buffer.flip();
    }

    private static void writeElements(
            FileChannel channel, float[] values, StorageType type, ByteBuffer chunk)
            throws IOException {
        chunk.clear();
        for (float value : values) {
            if (!chunk.hasRemaining()) {
                writeFully(channel, chunk.flip());
                chunk.clear();
            }
            switch (type) {
                case F32 -> chunk.putFloat(value);
                case F16 -> chunk.putShort(HalfPrecision.toFloat16(value));
                case BF16 -> chunk.putShort(HalfPrecision.toBfloat16(value));
            }
        }
        writeFully(channel, chunk.flip());
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
