package dev.nocturne.runtime.registry;

import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.ReasonCodes;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;

/**
 * The framing of the serializers of Confluent's and Apicurio's registries: a zero, the id of the
 * writer's schema (4 bytes, big-endian), then the record in Avro binary. Thread-safe; asks the
 * registry once for each id.
 */
public final class RegistryFraming {

    private static final byte MAGIC = 0;
    private static final int HEADER_BYTES = 1 + Integer.BYTES;

    /** While the registry is away, records that wait for it do not ask all at once. */
    private static final Duration ASK_AGAIN = Duration.ofMillis(500);

    private final SchemaRegistry registry;
    private final Map<Integer, Schema> known = new HashMap<>(); // guarded by this, as the next two
    private TransientException away; // the last answer; null: a good one
    private long awaySinceNanos;

    public RegistryFraming(URI registry) {
        this(SchemaRegistry.at(registry));
    }

    RegistryFraming(SchemaRegistry registry) {
        this.registry = registry;
    }

    /** Whether bytes have this framing: no other encoding of ours begins so. */
    public static boolean isFramed(byte[] value) {
        return value != null && value.length > 0 && value[0] == MAGIC;
    }

    /**
     * A record of any schema that Avro can read as {@code record}: fields have their own names, and
     * those that the writer does not have their defaults.
     *
     * @throws PermanentException (malformed_event) if the registry does not know the schema, it
     *     does not fit, or the bytes are broken
     * @throws TransientException while the registry is away
     */
    public <T extends SpecificRecord> T decode(Class<T> record, byte[] value) {
        if (value.length < HEADER_BYTES) {
            throw new PermanentException(
                    ReasonCodes.MALFORMED_EVENT,
                    "a registry's framing takes %d bytes: there are %d"
                            .formatted(HEADER_BYTES, value.length));
        }
        int id = ByteBuffer.wrap(value).getInt(1);
        try {
            return EventCodec.decode(record, schema(id), value, HEADER_BYTES);
        } catch (MalformedEventException e) {
            throw new PermanentException(
                    ReasonCodes.MALFORMED_EVENT,
                    "%s, with schema %d of the registry".formatted(e.getMessage(), id),
                    e);
        }
    }

    private synchronized Schema schema(int id) {
        Schema schema = known.get(id);
        if (schema != null) {
            return schema;
        }
        if (away != null && System.nanoTime() - awaySinceNanos < ASK_AGAIN.toNanos()) {
            throw away;
        }
        try {
            schema = registry.schema(id);
            away = null;
        } catch (TransientException e) {
            away = e;
            awaySinceNanos = System.nanoTime();
            throw e;
        }
        known.put(id, schema);
        return schema;
    }

    /**
     * The id under which readers find an event's schema.
     *
     * @param topic whose values it is for
     * @throws TransientException while the registry is away, or refuses it
     */
    public int register(String topic, Schema schema) {
        return registry.register(topic + "-value", schema);
    }

    /**
     * @param id of the event's current schema
     */
    public static byte[] encode(int id, SpecificRecord event) {
        byte[] header = ByteBuffer.allocate(HEADER_BYTES).put(MAGIC).putInt(id).array();
        return EventCodec.encode(header, event);
    }
}
