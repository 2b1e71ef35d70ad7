package dev.nocturne.schemas;

import dev.nocturne.events.DrawingOptions;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Field;
import org.apache.avro.io.ResolvingDecoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecord;

/**
 * Reads records that have their options beside their other fields, and not in a {@link
 * DrawingOptions}: those of earlier versions, and captions of producers that keep to such a schema.
 */
final class FlatOptions<T extends SpecificRecord> extends SpecificDatumReader<T> {

    /** The name of the field in which a record has its options. */
    static final String FIELD = "options";

    /**
     * @param writer a schema without {@link #FIELD}
     * @param flat the reader's schema, see {@link #flat}
     */
    FlatOptions(Schema writer, Schema flat, SpecificData data) {
        super(writer, flat, data);
    }

    /** Avro's other reader sets fields by their positions in the schema and asks nobody. */
    static SpecificData data(SpecificData data) {
        data.setFastReaderEnabled(false);
        return data;
    }

    /** Whether records of a schema have their options in a {@link DrawingOptions}. */
    static boolean areNested(Schema schema) {
        return schema.getField(FIELD) != null;
    }

    /**
     * The schema of a record with each option beside its other fields.
     *
     * @param nested the record's current schema
     * @param history of the record: where an option stood in its last flat version, the default is
     *     the one from there
     */
    static Schema flat(Schema nested, List<Schema> history) {
        Optional<Schema> last =
                history.stream().filter(version -> !areNested(version)).reduce((a, b) -> b);
        Stream<Field> options =
                nested.getField(FIELD).schema().getFields().stream()
                        .map(
                                option ->
                                        last.map(version -> version.getField(option.name()))
                                                .orElse(option));
        Stream<Field> others =
                nested.getFields().stream().filter(field -> !field.name().equals(FIELD));
        return Schema.createRecord(
                nested.getName(),
                nested.getDoc(),
                nested.getNamespace(),
                false,
                Stream.concat(others, options)
                        .map(field -> new Field(field, field.schema()))
                        .toList());
    }

    /** Also called for the fields of records in the record: those have no options. */
    @Override
    protected void readField(
            Object datum, Field field, Object old, ResolvingDecoder in, Object state)
            throws IOException {
        SpecificRecord record = (SpecificRecord) datum;
        Field own = record.getSchema().getField(field.name());
        if (own == null) {
            int position = DrawingOptions.getClassSchema().getField(field.name()).pos();
            options(record).put(position, readWithoutConversion(null, field.schema(), in));
        } else {
            super.readField(record, own, old, in, state);
        }
    }

    private static DrawingOptions options(SpecificRecord record) {
        int position = record.getSchema().getField(FIELD).pos();
        if (record.get(position) == null) {
            record.put(position, new DrawingOptions());
        }
        return (DrawingOptions) record.get(position);
    }
}
