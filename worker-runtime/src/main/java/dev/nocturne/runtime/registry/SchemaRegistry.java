package dev.nocturne.runtime.registry;

import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import java.net.URI;
import org.apache.avro.Schema;

/** Schemas by their ids. Thread-safe; every call asks the registry, for some seconds at most. */
interface SchemaRegistry {

    /**
     * By its address: Apicurio's own API below {@code /apis}, else that of Confluent's registry.
     */
    static SchemaRegistry at(URI url) {
        return url.getPath().contains("/apis/")
                ? new ApicurioRegistry(url)
                : new ConfluentRegistry(url);
    }

    /**
     * @throws PermanentException if it has none of that id, or no Avro schema
     * @throws TransientException if it does not answer, or says that it cannot
     */
    Schema schema(int id);

    /**
     * The id of a schema, which is made a version of a subject if it is none yet.
     *
     * @throws TransientException if it does not answer, or refuses
     */
    int register(String subject, Schema schema);
}
