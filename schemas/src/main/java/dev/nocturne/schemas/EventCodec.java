package dev.nocturne.schemas;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.DrawingOptions;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.avro.AvroTypeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;

/**
 * Avro single-object encoding: {@code C3 01}, the writer schema's CRC-64-AVRO fingerprint (8 bytes,
 * little-endian), then the record in Avro binary.
 *
 * <p>Reads every version that was ever published, from {@code history/<Record>/v1.avsc} on; so no
 * schema registry is needed, and readers are deployed before writers. Thread-safe.
 */
public final class EventCodec {

    private static final byte[] MARKER = {(byte) 0xC3, 0x01};
    private static final int HEADER_BYTES = MARKER.length + Long.BYTES;
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final ClassValue<Versions> VERSIONS =
            new ClassValue<>() {
                @Override
                protected Versions computeValue(Class<?> record) {
                    return Versions.of(record);
                }
            };

    static {
        RecordTrust.ensure();
    }

    private EventCodec() {}

    public static <T extends SpecificRecord> byte[] encode(T event) {
        byte[] header =
                ByteBuffer.allocate(HEADER_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(MARKER)
                        .putLong(VERSIONS.get(event.getClass()).currentFingerprint)
                        .array();
        return encode(header, event);
    }

    /** The record in Avro binary behind another encoding's header. */
    public static <T extends SpecificRecord> byte[] encode(byte[] header, T event) {
        Versions versions = VERSIONS.get(event.getClass());
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        out.writeBytes(header);
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        try {
            new SpecificDatumWriter<T>(versions.current, versions.data).write(event, encoder);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return out.toByteArray();
    }

    /**
     * @throws MalformedEventException if the bytes do not start with the marker, name a schema that
     *     is not a version of {@code record}, or are truncated, too long or broken
     */
    public static <T extends SpecificRecord> T decode(Class<T> record, byte[] bytes) {
        String name = record.getSimpleName();
        if (bytes == null) {
            throw new MalformedEventException("not a " + name + ": the value is null");
        }
        if (bytes.length < HEADER_BYTES || bytes[0] != MARKER[0] || bytes[1] != MARKER[1]) {
            throw new MalformedEventException(
                    "not a %s: bad header, %d bytes without the single-object marker c301"
                            .formatted(name, bytes.length));
        }
        long fingerprint =
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(MARKER.length);
        Versions versions = VERSIONS.get(record);
        DatumReader<?> reader = versions.readers.get(fingerprint);
        if (reader == null) {
            throw new MalformedEventException(
                    "not a %s: unknown schema fingerprint %016x".formatted(name, fingerprint));
        }
        return decode(record, reader, bytes, HEADER_BYTES);
    }

    /**
     * A record of a schema that was never published here: fields that it does not have have the
     * values of new records.
     *
     * @param start of the record, behind another encoding's header
     * @throws MalformedEventException as the other one, or if the schema does not fit
     */
    public static <T extends SpecificRecord> T decode(
            Class<T> record, Schema writer, byte[] bytes, int start) {
        return decode(record, VERSIONS.get(record).foreign(writer), bytes, start);
    }

    private static <T extends SpecificRecord> T decode(
            Class<T> record, DatumReader<?> reader, byte[] bytes, int start) {
        String name = record.getSimpleName();
        BinaryDecoder decoder =
                DecoderFactory.get().binaryDecoder(bytes, start, bytes.length - start, null);
        try {
            T event = record.cast(reader.read(null, decoder));
            if (!decoder.isEnd()) {
                throw new MalformedEventException(
                        "not a %s: bytes left over after the record".formatted(name));
            }
            return event;
        } catch (MalformedEventException e) {
            throw e;
        } catch (EOFException e) {
            throw new MalformedEventException("not a %s: truncated".formatted(name), e);
        } catch (AvroTypeException e) {
            throw new MalformedEventException(
                    "not a %s: it does not fit: %s".formatted(name, e.getMessage()), e);
        } catch (IOException | RuntimeException e) { // whatever Avro throws at foreign bytes
            throw new MalformedEventException(
                    "not a %s: broken body: %s".formatted(name, e.getMessage()), e);
        } catch (OutOfMemoryError e) {
            // a corrupt length asks for more than the heap: it is the record that is at fault
            throw new MalformedEventException("not a %s: broken length".formatted(name), e);
        }
    }

    /** The content of an Avro {@code bytes} field; the buffer's position stays where it is. */
    public static byte[] bytes(ByteBuffer field) {
        byte[] copy = new byte[field.remaining()];
        field.duplicate().get(copy);
        return copy;
    }

    /**
     * Every published schema of a record, oldest first. {@link DrawingOptions} has a history of its
     * own, so that a new version of it is not one more file for each record that holds it.
     */
    static List<Schema> history(Class<?> record) {
        List<JsonNode> options = versions(DrawingOptions.class);
        return versions(record).stream()
                .flatMap(version -> withEach(options, version))
                .map(version -> new Schema.Parser().parse(version.toString()))
                .distinct()
                .toList();
    }

    private static List<JsonNode> versions(Class<?> record) {
        List<JsonNode> versions = new ArrayList<>();
        for (int version = 1; ; version++) {
            String path = "/history/%s/v%d.avsc".formatted(record.getSimpleName(), version);
            try (InputStream in = EventCodec.class.getResourceAsStream(path)) {
                if (in == null) {
                    return versions;
                }
                versions.add(JSON.readTree(in));
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + path, e);
            }
        }
    }

    /** A version with each of the options' where it has options; else itself. */
    private static Stream<JsonNode> withEach(List<JsonNode> options, JsonNode version) {
        return optionsField(version).isEmpty()
                ? Stream.of(version)
                : options.stream()
                        .map(
                                type -> {
                                    JsonNode copy = version.deepCopy();
                                    optionsField(copy).orElseThrow().set("type", type);
                                    return copy;
                                });
    }

    private static Optional<ObjectNode> optionsField(JsonNode schema) {
        for (JsonNode field : schema.get("fields")) {
            if (field.get("name").asText().equals(FlatOptions.FIELD)) {
                return Optional.of((ObjectNode) field);
            }
        }
        return Optional.empty();
    }

    /**
     * What records are read as, by where their options are.
     *
     * @param flat null for a record without options
     */
    private record Readers(Schema nested, Schema flat) {

        static Readers of(Schema current, List<Schema> history) {
            return new Readers(
                    current,
                    FlatOptions.areNested(current) ? FlatOptions.flat(current, history) : null);
        }

        /** A field's default is what a new record has unless it says otherwise. */
        Readers withAbsentAsDefault() {
            return new Readers(withAbsentAsDefault(nested), withAbsentAsDefault(flat));
        }

        private static Schema withAbsentAsDefault(Schema schema) {
            if (schema == null) {
                return null;
            }
            try {
                JsonNode json = JSON.readTree(schema.toString());
                for (JsonNode field : json.findParents("absent")) {
                    ((ObjectNode) field).set("default", field.get("absent"));
                }
                return new Schema.Parser().parse(json.toString());
            } catch (JsonProcessingException e) {
                throw new AssertionError("a schema is JSON", e);
            }
        }
    }

    /**
     * How one record is written and read.
     *
     * @param readers by the fingerprint of the version that was written; made once, since Avro
     *     compares two schemas field by field to make one
     * @param foreign with the values that fields have in new records
     * @param data the conversions of its logical types
     * @param flatData the same, for {@link FlatOptions}
     */
    private record Versions(
            Schema current,
            long currentFingerprint,
            Map<Long, DatumReader<?>> readers,
            Readers foreign,
            SpecificData data,
            SpecificData flatData) {

        static Versions of(Class<?> record) {
            Schema current = SpecificData.get().getSchema(record);
            List<Schema> history = history(record);
            Readers foreign = Readers.of(current, history);
            Map<Long, DatumReader<?>> readers = new HashMap<>();
            Versions versions =
                    new Versions(
                            current,
                            SchemaNormalization.parsingFingerprint64(current),
                            readers,
                            foreign,
                            data(record),
                            FlatOptions.data(data(record)));
            Readers old = foreign.withAbsentAsDefault();
            for (Schema version : history) {
                readers.put(
                        SchemaNormalization.parsingFingerprint64(version),
                        versions.published(version, old));
            }
            readers.put(versions.currentFingerprint, versions.published(current, old));
            return versions;
        }

        /** Whether the schema fits shows when a record is read. */
        DatumReader<?> foreign(Schema writer) {
            return isFlat(writer)
                    ? new FlatOptions<>(writer, foreign.flat, flatData)
                    : new SpecificDatumReader<>(writer, foreign.nested, data);
        }

        private DatumReader<?> published(Schema writer, Readers old) {
            try {
                return isFlat(writer)
                        ? new FlatOptions<>(writer, old.flat, flatData)
                        : data.getFastReaderBuilder().createDatumReader(writer, old.nested);
            } catch (IOException e) {
                throw new AssertionError("schemas are in memory", e);
            }
        }

        private boolean isFlat(Schema writer) {
            return FlatOptions.areNested(current) && !FlatOptions.areNested(writer);
        }

        /** Resolves classes where the record comes from, wherever Avro itself was loaded. */
        private static SpecificData data(Class<?> record) {
            SpecificData data = new SpecificData(record.getClassLoader());
            SpecificData.getForClass(record)
                    .getConversions()
                    .forEach(data::addLogicalTypeConversion);
            return data;
        }
    }
}
