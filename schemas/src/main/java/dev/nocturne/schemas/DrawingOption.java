package dev.nocturne.schemas;

import dev.nocturne.events.DrawingOptions;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.avro.JsonProperties;
import org.apache.avro.Schema;

/**
 * An option that people can ask for. The schema of {@link DrawingOptions} is the list of them: what
 * is added there can be said in a line, a table, a request and on the command line; {@link
 * OptionRules} says which values it may have.
 */
public final class DrawingOption {

    /** What its value is. */
    public enum Kind {
        INTEGER,
        NUMBER,
        TEXT
    }

    /** Fields that the pipeline sets. */
    private static final Set<String> OURS = Set.of("seedScheme", "requestSha256");

    /** In the schema's order. */
    public static final List<DrawingOption> ALL =
            DrawingOptions.getClassSchema().getFields().stream()
                    .filter(field -> !OURS.contains(field.name()))
                    .map(DrawingOption::new)
                    .toList();

    private final Schema.Field field;
    private final Kind kind;

    private DrawingOption(Schema.Field field) {
        this.field = field;
        this.kind = kind(field);
    }

    private static Kind kind(Schema.Field field) {
        Schema schema = field.schema();
        Schema value =
                schema.isUnion()
                        ? schema.getTypes().stream()
                                .filter(type -> type.getType() != Schema.Type.NULL)
                                .findFirst()
                                .orElseThrow()
                        : schema;
        return switch (value.getType()) {
            case INT -> Kind.INTEGER;
            case DOUBLE -> Kind.NUMBER;
            case STRING -> Kind.TEXT;
            default -> throw new IllegalStateException("no way to ask for a " + schema);
        };
    }

    /** As people write it: {@code top_k}. */
    public String name() {
        return field.name().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    public Kind kind() {
        return kind;
    }

    /** What it does, and its default, if what it is left out for has a value. */
    public String description() {
        Object value = field.defaultVal();
        return value == JsonProperties.NULL_VALUE
                ? field.doc()
                : "%s (default: %s)".formatted(field.doc(), value);
    }

    /**
     * @param options that nobody has seen yet
     * @param value an {@link Integer}, a {@link Double} or a {@link String}, by its kind
     */
    public void set(DrawingOptions options, Object value) {
        options.put(field.pos(), value);
    }
}
