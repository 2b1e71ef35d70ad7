package dev.nocturne.runtime.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PrintableLogTest {

    private static final String EVIL = "k\u001b[2J\u009b1m‮\n21:00 INFO all is well";

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final Handler handler = new StreamHandler(written, new SimpleFormatter());

    @BeforeEach
    void install() {
        Logger.getLogger("").addHandler(handler);
        PrintableLog.install();
    }

    @AfterEach
    void remove() {
        Logger.getLogger("").removeHandler(handler);
        for (Handler other : Logger.getLogger("").getHandlers()) {
            other.setFilter(null);
        }
    }

    private String written() {
        handler.flush();
        return written.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aMessageIsOneLineAndActsOnNoTerminal() {
        Logger.getLogger("some.library").warning("skipped " + EVIL);

        assertThat(written())
                .contains("skipped k\\u001b[2J\\u009b1m\\u202e\\u000a21:00 INFO all is well")
                .doesNotContain("\u001b", "\u009b", "‮", "\n21:00");
    }

    @Test
    void parametersAndExceptionsAreCleanedToo() {
        Logger.getLogger("some.library")
                .log(Level.WARNING, "key {0} of {1}", new Object[] {EVIL, 7});
        Exception inner = new IllegalStateException("inner " + EVIL);
        Logger.getLogger("some.library")
                .log(Level.WARNING, "broken off", new RuntimeException("outer", inner));

        assertThat(written())
                .contains("key k\\u001b[2J", "of 7")
                .contains("RuntimeException: outer", "Caused by: ", "inner k\\u001b[2J")
                .contains("at " + PrintableLogTest.class.getName())
                .doesNotContain("\u001b", "\u009b", "‮");
    }

    @Test
    void whatIsCleanStaysAsItIs() {
        RuntimeException thrown = new RuntimeException("away");
        Logger.getLogger("some.library").log(Level.WARNING, "no answer", thrown);

        assertThat(written()).contains("no answer", "RuntimeException: away", "\tat ");
    }
}
