package dev.nocturne.runtime.telemetry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Logger;
import org.jboss.logmanager.ExtFormatter;
import org.jboss.logmanager.ExtHandler;
import org.jboss.logmanager.ExtLogRecord;
import org.slf4j.LoggerFactory;

/**
 * The log as one JSON object a line; what a line is about stands in it by the names of {@link
 * LogFields}.
 */
final class JsonLog extends ExtFormatter {

    /** {@code text}, which is the default, or {@code json}. */
    static final String VARIABLE = "NOCTURNE_LOG_FORMAT";

    private static final JsonMapper JSON = new JsonMapper();

    /**
     * For all handlers that the root logger has now.
     *
     * @param format null: not set; of one that there is not, a line says so
     */
    static void install(String format) {
        if ("json".equals(format)) {
            install(Logger.getLogger("").getHandlers());
        } else if (format != null && !format.isBlank() && !format.equals("text")) {
            LoggerFactory.getLogger(JsonLog.class)
                    .warn("{} is '{}': set text or json; this is text", VARIABLE, format);
        }
    }

    /** Quarkus' own handler only passes records on, to those that write them. */
    private static void install(Handler[] handlers) {
        for (Handler handler : handlers) {
            handler.setFormatter(new JsonLog());
            if (handler instanceof ExtHandler parent) {
                install(parent.getHandlers());
            }
        }
    }

    @Override
    public String format(ExtLogRecord record) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("timestamp", record.getInstant().toString());
        line.put("level", record.getLevel().getName());
        line.put("logger", record.getLoggerName());
        line.put("thread", record.getThreadName());
        line.put("message", formatMessage(record));
        record.getMdcCopy().forEach(line::putIfAbsent);
        if (record.getThrown() != null) {
            line.put("exception", PrintableLog.trace(record.getThrown()));
        }
        try {
            return JSON.writeValueAsString(line) + '\n';
        } catch (JsonProcessingException e) {
            throw new AssertionError("texts can be written", e);
        }
    }
}
