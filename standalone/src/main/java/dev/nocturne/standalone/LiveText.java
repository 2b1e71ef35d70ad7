package dev.nocturne.standalone;

import java.io.PrintWriter;
import java.time.Duration;

/**
 * Text that is shown again and again: redrawn in place on a terminal; where the output goes
 * elsewhere, its last line now and then.
 */
final class LiveText {
    private static final boolean TERMINAL = Boolean.getBoolean("nocturne.terminal");
    private static final long PLAIN_INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();

    private final PrintWriter out;
    private int linesShown;
    private long lastPlainNanos = System.nanoTime() - PLAIN_INTERVAL_NANOS;

    LiveText(PrintWriter out) {
        this.out = out;
    }

    void show(String text) {
        if (TERMINAL) {
            redraw(text);
        } else if (System.nanoTime() - lastPlainNanos >= PLAIN_INTERVAL_NANOS) {
            lastPlainNanos = System.nanoTime();
            out.println(lastLine(text));
        }
    }

    /** As {@link #show}, and leaves it standing. */
    void last(String text) {
        if (TERMINAL) {
            redraw(text);
            linesShown = 0;
        } else {
            out.println(lastLine(text));
        }
    }

    private void redraw(String text) {
        if (linesShown > 0) {
            out.print("\u001b[" + linesShown + "A"); // cursor up
        }
        text.lines().forEach(line -> out.println("\r" + line + "\u001b[K")); // clear what was right
        out.flush();
        linesShown = (int) text.lines().count();
    }

    private static String lastLine(String text) {
        return text.substring(text.lastIndexOf('\n') + 1);
    }
}
