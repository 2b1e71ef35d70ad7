package dev.nocturne.ingest;

import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.TopicAdmin;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes topics again that have been deleted while services run; what was in them is sent again. */
final class TopicWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TopicWatch.class);
    private static final Duration LOOK = Duration.ofSeconds(20);
    private static final Duration LONGEST_LOOK = Duration.ofMinutes(10);

    private final KafkaSettings kafka;
    private final Pulse pulse = new Pulse("the thread topic-watch", LONGEST_LOOK);
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        Thread thread = new Thread(task, "topic-watch");
                        thread.setDaemon(true);
                        return thread;
                    });
    private boolean started; // guarded by this

    TopicWatch(KafkaSettings kafka) {
        this.kafka = kafka;
    }

    /** Later calls change nothing. */
    synchronized void start() {
        if (!started) {
            started = true;
            pulse.beat();
            thread.scheduleWithFixedDelay(
                    this::look, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    Health health() {
        return pulse.health();
    }

    private void look() {
        try {
            TopicAdmin.createMissing(kafka);
        } catch (StageException e) {
            LOG.debug("ING-17 not known whether all topics are there", e);
        } catch (Throwable e) { // the next look comes only if this one ends well
            LOG.warn("ING-17 not known whether all topics are there: {}", e.toString());
        } finally {
            pulse.beat();
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
