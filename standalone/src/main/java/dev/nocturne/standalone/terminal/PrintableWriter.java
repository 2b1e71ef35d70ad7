package dev.nocturne.standalone.terminal;

import dev.nocturne.schemas.PrintableText;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;

/**
 * The command line's output: what servers, records and files say is shown, and does nothing to the
 * terminal; see {@link PrintableText}.
 */
public final class PrintableWriter extends PrintWriter {
    private final PrintWriter unchecked;

    public PrintableWriter(PrintWriter unchecked) {
        super(new Cleaner(unchecked), true);
        this.unchecked = unchecked;
    }

    /** Where text goes that may move the cursor. */
    static PrintWriter unchecked(PrintWriter out) {
        return out instanceof PrintableWriter printable ? printable.unchecked : out;
    }

    private static final class Cleaner extends FilterWriter {

        Cleaner(Writer out) {
            super(out);
        }

        @Override
        public void write(int character) throws IOException {
            write(String.valueOf((char) character), 0, 1);
        }

        @Override
        public void write(char[] characters, int start, int length) throws IOException {
            write(new String(characters, start, length), 0, length);
        }

        @Override
        public void write(String text, int start, int length) throws IOException {
            out.write(PrintableText.lines(text.substring(start, start + length)));
        }
    }
}
