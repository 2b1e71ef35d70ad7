package dev.nocturne.rerank;

import java.util.List;
import java.util.TreeSet;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import org.apache.kafka.streams.errors.TaskCorruptedException;
import org.jboss.logmanager.ExtLogRecord;
import org.slf4j.LoggerFactory;

/**
 * Says in one line what Streams says in a hundred, with a stack trace for each task: that it calls
 * the state that a killed process left on disk corrupted, and so reads it again from Kafka, where
 * all of it is. Every other record of the loggers is written as it is.
 */
final class RestoredTasks implements Filter {

    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(RestoredTasks.class);

    private static final String CORRUPTED =
            Pattern.quote(TaskCorruptedException.class.getName()) + ": [^=]*";

    /** Without any exception of another kind. */
    private static final Pattern TOLD_BEFORE =
            Pattern.compile(
                    "Failed to register startup state stores for task \\S+: Tasks \\S+ are corrupted .*"
                            + "|.*Get exceptions for the following tasks: \\{(\\d+_\\d+=%s)+\\}"
                                    .formatted(CORRUPTED));

    /** Held here: java.util.logging forgets the filter of a logger that nobody references. */
    private static final List<Logger> LOGGERS =
            List.of(logger("StateDirectory"), logger("TaskManager"), logger("StreamThread"));

    private RestoredTasks() {}

    private static Logger logger(String name) {
        return Logger.getLogger("org.apache.kafka.streams.processor.internals." + name);
    }

    /** For all services of this process. */
    static void install() {
        LOGGERS.forEach(logger -> logger.setFilter(new RestoredTasks()));
    }

    @Override
    public boolean isLoggable(LogRecord record) {
        if (record.getThrown() instanceof TaskCorruptedException corrupted) {
            if (record.getLoggerName().endsWith("StreamThread")) { // the last one, of all tasks
                LOG.warn(
                        "RRK-01 tasks {} are restored from Kafka, nothing is lost: a process was killed, or a commit took too long",
                        new TreeSet<>(corrupted.corruptedTasks()));
            }
            return false;
        }
        return !TOLD_BEFORE.matcher(ExtLogRecord.wrap(record).getFormattedMessage()).matches();
    }
}
