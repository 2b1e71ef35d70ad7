package dev.nocturne.runtime;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;

/**
 * A seed in JSON: a number where every reader keeps it exactly (JavaScript and others have 53
 * bits), else a string. Both are taken as a seed.
 */
public final class SeedJson extends StdSerializer<Long> {

    /** Every integer up to it is a double. */
    private static final long MAX_EXACT = (1L << 53) - 1;

    public SeedJson() {
        super(Long.class);
    }

    @Override
    public void serialize(Long seed, JsonGenerator json, SerializerProvider provider)
            throws IOException {
        if (seed >= -MAX_EXACT && seed <= MAX_EXACT) {
            json.writeNumber(seed);
        } else {
            json.writeString(seed.toString());
        }
    }
}
