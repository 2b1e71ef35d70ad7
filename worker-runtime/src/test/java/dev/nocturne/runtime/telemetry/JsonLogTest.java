package dev.nocturne.runtime.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JsonLogTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final Formatter text = new SimpleFormatter();
    private final Handler handler = new StreamHandler(written, text);

    @BeforeEach
    void add() {
        Logger.getLogger("").addHandler(handler);
    }

    @AfterEach
    void remove() {
        Logger.getLogger("").removeHandler(handler);
    }

    @Test
    void aLineIsAnObject() throws IOException {
        JsonLog.install("json");
        Logger.getLogger("some.part").warning("two\nlines");
        handler.flush();

        JsonNode line = new ObjectMapper().readTree(written.toByteArray());
        assertThat(line.get("message").asText()).isEqualTo("two\nlines");
        assertThat(line.get("level").asText()).isEqualTo("WARNING");
        assertThat(line.get("logger").asText()).isEqualTo("some.part");
    }

    @Test
    void theLogStaysTextUnlessItIsAskedForJson() {
        for (String format : new String[] {null, "", "text", "xml"}) {
            JsonLog.install(format);

            assertThat(handler.getFormatter()).as(format).isSameAs(text);
        }
    }
}
