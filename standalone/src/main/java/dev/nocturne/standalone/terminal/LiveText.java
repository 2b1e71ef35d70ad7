package dev.nocturne.standalone.terminal;

import java.io.PrintWriter;
import java.time.Duration;

/**
 * Text that is shown again and again: redrawn in place on a terminal; where the output goes
 * elsewhere, its last line now and then.
 */
public final class LiveText {
    /** A line that is wider than the terminal is cut, not wrapped: it would not be redrawn. */
    private static final String BEGIN = "\u001b[?25l\u001b[?7l"; // no cursor, no wrapping

    private static final String END = "\r\u001b[K\u001b[?7h\u001b[?25h"; // what Ctrl-C echoed goes
    private static final long PLAIN_INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();

    private final PrintWriter out;
    private final PrintWriter terminal;
    private int linesShown;
    private Thread restore; // null while the terminal is as it was
    private long lastPlainNanos = System.nanoTime() - PLAIN_INTERVAL_NANOS;

    public LiveText(PrintWriter out) {
        this.out = out;
        this.terminal = PrintableWriter.unchecked(out);
    }

    public void show(String text) {
        if (Terminal.IS_ONE) {
            redraw(text);
        } else if (System.nanoTime() - lastPlainNanos >= PLAIN_INTERVAL_NANOS) {
            lastPlainNanos = System.nanoTime();
            out.println(lastLine(text));
        }
    }

    /** As {@link #show}, and leaves it standing. */
    public void last(String text) {
        if (Terminal.IS_ONE) {
            redraw(text);
            linesShown = 0;
            terminal.print(END);
            terminal.flush();
            try {
                Runtime.getRuntime().removeShutdownHook(restore);
            } catch (IllegalStateException e) {
                return; // interrupted just now: the hook runs anyway
            }
            restore = null;
        } else {
            out.println(lastLine(text));
        }
    }

    private void redraw(String text) {
        if (restore == null) {
            restore = new Thread(this::restoreTerminal, "restore-terminal");
            Runtime.getRuntime().addShutdownHook(restore);
            terminal.print(BEGIN);
        }
        if (linesShown > 0) {
            terminal.print("\u001b[" + linesShown + "A"); // cursor up
        }
        text.lines()
                .map(Terminal::printable)
                .forEach(
                        line -> terminal.println("\r" + line + "\u001b[K")); // clear what was right
        terminal.print("\u001b[J"); // and what was below
        terminal.flush();
        linesShown = (int) text.lines().count();
    }

    /** Also when the command is interrupted or fails. */
    private void restoreTerminal() {
        terminal.print(END);
        terminal.flush();
    }

    private static String lastLine(String text) {
        return text.substring(text.lastIndexOf('\n') + 1);
    }
}
