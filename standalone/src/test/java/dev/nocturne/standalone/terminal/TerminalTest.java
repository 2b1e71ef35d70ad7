package dev.nocturne.standalone.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TerminalTest {

    @Test
    void ourOwnColoursAreAllThatALiveTextLets() {
        String line = Terminal.Colour.RED.of("2 failed", true) + " \u001b[2J\u009b31m\u202e";

        assertThat(Terminal.printable(line))
                .isEqualTo("\u001b[31m2 failed\u001b[0m \\u001b[2J\\u009b31m\\u202e");
    }
}
