package dev.nocturne.models.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.models.format.Safetensors.ElementType;
import dev.nocturne.models.format.Safetensors.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads and verifies the header of one file. */
record SafetensorsHeader(Path file, FileChannel channel) {
    /** The limit of the reference implementation. */
    private static final long MAX_HEADER_BYTES = 100_000_000;

    Safetensors read() throws IOException {
        long fileBytes = channel.size();
        if (fileBytes < Safetensors.LENGTH_BYTES) {
            throw broken("it has %d bytes and no header".formatted(fileBytes));
        }
        long headerBytes = readBytes(0, Safetensors.LENGTH_BYTES).getLong();
        if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) {
            throw broken(
                    "it claims a header of %s bytes".formatted(Long.toUnsignedString(headerBytes)));
        }
        long dataOffset = Safetensors.LENGTH_BYTES + headerBytes;
        if (dataOffset > fileBytes) {
            throw broken("it ends inside its header of %d bytes".formatted(headerBytes));
        }
        JsonNode header = parse(readBytes(Safetensors.LENGTH_BYTES, (int) headerBytes).array());
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : header.properties()) {
            if (field.getKey().equals(Safetensors.METADATA)) {
                readMetadata(field.getValue(), metadata);
            } else {
                entries.put(field.getKey(), entry(field.getKey(), field.getValue(), dataOffset));
            }
        }
        requireContiguous(entries, dataOffset, fileBytes);
        return new Safetensors(file, channel, entries, metadata);
    }

    private ByteBuffer readBytes(long offset, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0) {
                throw broken("it became shorter while it was read");
            }
        }
        return bytes.flip();
    }

    private JsonNode parse(byte[] json) throws IOException {
        JsonNode header;
        try {
            header = Safetensors.JSON.readTree(new String(json, StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw broken("its header is not JSON (%s)".formatted(e.getOriginalMessage()));
        }
        if (!header.isObject()) {
            throw broken("its header is not a JSON object");
        }
        return header;
    }

    private void readMetadata(JsonNode node, Map<String, String> metadata)
            throws InvalidModelException {
        if (!node.isObject()) {
            throw broken("its metadata is not a JSON object");
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (!field.getValue().isTextual()) {
                throw broken("its metadata %s is not text".formatted(field.getKey()));
            }
            metadata.put(field.getKey(), field.getValue().textValue());
        }
    }

    private Entry entry(String name, JsonNode node, long dataOffset) throws InvalidModelException {
        ElementType type = elementType(name, node.path("dtype").asText());
        long[] shape = wholeNumbers(name, "shape", node.path("shape"));
        long[] offsets = wholeNumbers(name, "data_offsets", node.path("data_offsets"));
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw broken("tensor %s has data_offsets %s".formatted(name, Arrays.toString(offsets)));
        }
        long bytes = offsets[1] - offsets[0];
        if (bytes != bytes(name, type, shape)) {
            throw broken(
                    "tensor %s of %s %s has %d bytes"
                            .formatted(name, type, Arrays.toString(shape), bytes));
        }
        return new Entry(name, type, shape, dataOffset + offsets[0], bytes);
    }

    private ElementType elementType(String name, String dtype) throws InvalidModelException {
        try {
            return ElementType.valueOf(dtype);
        } catch (IllegalArgumentException e) {
            throw Safetensors.invalid(
                    file,
                    "tensor %s has the unknown dtype '%s'".formatted(name, dtype),
                    "store it as F32, F16 or BF16");
        }
    }

    private long[] wholeNumbers(String name, String key, JsonNode node)
            throws InvalidModelException {
        if (!node.isArray()) {
            throw broken("tensor %s has no list %s".formatted(name, key));
        }
        long[] numbers = new long[node.size()];
        for (int i = 0; i < numbers.length; i++) {
            JsonNode number = node.get(i);
            if (!number.isIntegralNumber()
                    || !number.canConvertToLong()
                    || number.longValue() < 0) {
                throw broken("tensor %s has the %s %s".formatted(name, key, node));
            }
            numbers[i] = number.longValue();
        }
        return numbers;
    }

    private long bytes(String name, ElementType type, long[] shape) throws InvalidModelException {
        try {
            return Math.multiplyExact(Safetensors.elements(shape), type.bytes());
        } catch (ArithmeticException e) {
            throw broken("tensor %s has the shape %s".formatted(name, Arrays.toString(shape)));
        }
    }

    /** Tensors follow one another without gap or overlap, from the header to the file's end. */
    private void requireContiguous(Map<String, Entry> entries, long dataOffset, long fileBytes)
            throws InvalidModelException {
        List<Entry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
        long end = dataOffset;
        for (Entry entry : inOrder) {
            if (entry.offset() != end) {
                throw broken(
                        "tensor %s %s"
                                .formatted(
                                        entry.name(),
                                        entry.offset() < end
                                                ? "overlaps another"
                                                : "leaves a gap before it"));
            }
            end += entry.bytes();
        }
        if (end != fileBytes) {
            throw broken("its header describes %d bytes and it has %d".formatted(end, fileBytes));
        }
    }

    private InvalidModelException broken(String wrong) {
        return Safetensors.invalid(file, wrong, "copy or export it again");
    }
}
