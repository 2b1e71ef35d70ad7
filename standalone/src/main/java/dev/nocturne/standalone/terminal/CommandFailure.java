package dev.nocturne.standalone.terminal;

import java.util.List;

/** A command failed; each line names a value and the remedy, and goes to the terminal as it is. */
public class CommandFailure extends RuntimeException {
    private final List<String> lines;

    public CommandFailure(String line) {
        this(List.of(line));
    }

    public CommandFailure(List<String> lines) {
        super(String.join("; ", lines));
        this.lines = List.copyOf(lines);
    }

    public List<String> lines() {
        return lines;
    }
}
