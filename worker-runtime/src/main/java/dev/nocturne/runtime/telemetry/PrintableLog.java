package dev.nocturne.runtime.telemetry;

import dev.nocturne.schemas.PrintableText;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Keeps what others have sent from acting in the log of this process: a record stays one line, and
 * no escape sequence reaches the terminal that shows it, whoever logs it; see {@link
 * PrintableText}.
 */
final class PrintableLog {

    private PrintableLog() {}

    /** For all handlers that the root logger has now. */
    static void install() {
        for (Handler handler : Logger.getLogger("").getHandlers()) {
            handler.setFilter(PrintableLog::clean);
        }
    }

    /** Always true: every record is written. */
    private static boolean clean(LogRecord record) {
        String message = PrintableText.of(record.getMessage());
        if (message != null && !message.equals(record.getMessage())) {
            record.setMessage(message); // what has parameters is our own text
        }
        if (record.getParameters() != null) {
            record.setParameters(printable(record.getParameters()));
        }
        if (record.getThrown() != null) {
            record.setThrown(printable(record.getThrown()));
        }
        return true;
    }

    private static Object[] printable(Object[] parameters) {
        Object[] printable = parameters.clone();
        for (int i = 0; i < printable.length; i++) {
            if (printable[i] instanceof Throwable thrown) {
                printable[i] = printable(thrown);
            } else if (printable[i] != null && !(printable[i] instanceof Number)) {
                String text = printable[i].toString();
                String clean = PrintableText.of(text);
                printable[i] = clean.equals(text) ? printable[i] : clean;
            }
        }
        return printable;
    }

    private static Throwable printable(Throwable thrown) {
        String trace = trace(thrown);
        String printable = PrintableText.lines(trace);
        return printable.equals(trace) ? thrown : new Printable(printable);
    }

    /** As Java prints it. */
    static String trace(Throwable thrown) {
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace));
        return trace.toString();
    }

    /** A stack trace that stands for its exception. */
    private static final class Printable extends Throwable {

        Printable(String trace) {
            super(trace, null, false, false);
        }

        @Override
        public String toString() {
            return getMessage().strip();
        }
    }
}
