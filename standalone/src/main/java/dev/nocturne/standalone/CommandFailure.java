package dev.nocturne.standalone;

import java.util.List;

/** A command failed; each line names a value and the remedy, and goes to the terminal as it is. */
class CommandFailure extends RuntimeException {
    private final List<String> lines;

    CommandFailure(String line) {
        this(List.of(line));
    }

    CommandFailure(List<String> lines) {
        super(String.join("; ", lines));
        this.lines = List.copyOf(lines);
    }

    List<String> lines() {
        return lines;
    }
}
