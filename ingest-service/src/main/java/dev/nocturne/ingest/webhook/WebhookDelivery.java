package dev.nocturne.ingest.webhook;

import dev.nocturne.runtime.Backoff;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tries to deliver webhooks, and says when to try again. Used by one thread. */
final class WebhookDelivery {

    private static final Logger LOG = LoggerFactory.getLogger(WebhookDelivery.class);
    private static final int GONE = 410;

    /**
     * @param answer how long the receiver may take for one
     * @param backoff between two attempts
     * @param age of an event that is given up when its delivery fails
     */
    record Patience(Duration answer, Backoff backoff, Duration age) {
        static final Patience DEFAULT =
                new Patience(
                        Duration.ofSeconds(15),
                        new Backoff(
                                Duration.ofSeconds(1), Duration.ofMinutes(10), Integer.MAX_VALUE),
                        Duration.ofHours(72));
    }

    private final WebhookSender sender;
    private final WebhookMeters meters;
    private final Clock clock;
    private final RandomGenerator random;
    private final Patience patience;

    WebhookDelivery(
            WebhookSender sender,
            WebhookMeters meters,
            Clock clock,
            RandomGenerator random,
            Patience patience) {
        this.sender = sender;
        this.meters = meters;
        this.clock = clock;
        this.random = random;
        this.patience = patience;
    }

    /** Where they go, fit for a log. */
    String receiver() {
        return sender.shown();
    }

    /** Tries to deliver it; true if it was, or is given up. */
    boolean isDone(PendingWebhook one) throws InterruptedException {
        String trouble;
        boolean unwanted = false;
        try {
            int status = sender.post(one.event, patience.answer());
            if (status / 100 == 2) {
                meters.delivered();
                LOG.info(
                        "job {}: webhook {} delivered, attempt {}",
                        one.event.data().id(),
                        one.event.type(),
                        one.failures + 1);
                return true;
            }
            unwanted = status == GONE;
            trouble = "it answers " + status;
        } catch (IOException e) { // often without a message, as if nothing listens
            trouble = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        }
        one.failures++;
        Instant now = clock.instant();
        if (unwanted || !now.isBefore(one.at.plus(patience.age()))) {
            meters.givenUp();
            LOG.warn(
                    "job {}: webhook {} to {} given up after {} attempts ({}):"
                            + " the receiver does not know unless it asks GET /v1/batches/{}",
                    one.event.data().id(),
                    one.event.type(),
                    sender.shown(),
                    one.failures,
                    trouble,
                    one.event.data().id());
            return true;
        }
        meters.failed();
        Duration delay = jittered(patience.backoff().delay(one.failures));
        one.dueAt = now.plus(delay);
        LOG.warn(
                "job {}: webhook {} to {} not delivered, next try in {}: {}",
                one.event.data().id(),
                one.event.type(),
                sender.shown(),
                delay,
                trouble);
        return false;
    }

    /** From a half of it to all of it, so that what failed together does not come together. */
    private Duration jittered(Duration delay) {
        long half = delay.toMillis() / 2;
        return Duration.ofMillis(half + random.nextLong(half + 1));
    }
}
