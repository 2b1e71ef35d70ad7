package dev.nocturne.embedded;

import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Keeps the servers' hundreds of start-up lines out of the host's log; problems still show. */
final class QuietLogs {
    // held here: java.util.logging forgets the level of a logger that nobody references
    private static final Map<Logger, Level> LEVELS =
            Map.of(
                    Logger.getLogger("kafka"), Level.WARNING,
                    Logger.getLogger("state.change.logger"), Level.WARNING,
                    Logger.getLogger("org.apache.kafka"), Level.WARNING,
                    Logger.getLogger("org.gaul"), Level.WARNING,
                    // warns of its ordinary start and stop
                    Logger.getLogger("org.apache.kafka.controller"), Level.SEVERE,
                    Logger.getLogger("org.apache.kafka.clients.NetworkClient"), Level.SEVERE);

    private QuietLogs() {}

    /** Sets the level of each of the servers' loggers, unless somebody has set it. */
    static void apply() {
        LEVELS.forEach(
                (logger, level) -> {
                    if (logger.getLevel() == null) {
                        logger.setLevel(level);
                    }
                });
    }
}
