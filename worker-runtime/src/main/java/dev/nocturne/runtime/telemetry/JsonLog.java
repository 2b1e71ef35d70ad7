package dev.nocturne.runtime.telemetry;

import java.util.logging.Handler;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.JsonFormatter;
import org.slf4j.LoggerFactory;

/** The log as one JSON object a line; what a line is about is in its field {@code mdc}. */
final class JsonLog {

    /** {@code text}, which is the default, or {@code json}. */
    static final String VARIABLE = "NOCTURNE_LOG_FORMAT";

    private JsonLog() {}

    /**
     * For all handlers that the root logger has now.
     *
     * @param format null: not set; of one that there is not, a line says so
     */
    static void install(String format) {
        if ("json".equals(format)) {
            for (Handler handler : Logger.getLogger("").getHandlers()) {
                handler.setFormatter(new JsonFormatter());
            }
        } else if (format != null && !format.isBlank() && !format.equals("text")) {
            LoggerFactory.getLogger(JsonLog.class)
                    .warn("{} is '{}': set text or json; this is text", VARIABLE, format);
        }
    }
}
