package dev.nocturne.ingest.job;

import dev.nocturne.ingest.IngestException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The time in which this instance leads, from its election until it is told, or notices, that it
 * leads no longer. Thread-safe.
 */
public class Term {

    private static final Logger LOG = LoggerFactory.getLogger(Term.class);

    /** Longer than a change of the group takes, and than a broker is away that is replaced. */
    private static final Duration CONFIRMED = Duration.ofSeconds(15);

    private final CountDownLatch over = new CountDownLatch(1);
    private final Queue<CompletableFuture<Void>> asked = new ConcurrentLinkedQueue<>();
    private volatile ConsumerGroupMetadata group;

    Term(ConsumerGroupMetadata group) {
        this.group = group;
    }

    /** As which member of which generation this instance leads. */
    ConsumerGroupMetadata group() {
        return group;
    }

    public boolean isOver() {
        return over.getCount() == 0;
    }

    /**
     * Waits for its end.
     *
     * @return false if it is not over yet
     */
    public boolean awaitEnd(Duration atMost) throws InterruptedException {
        return over.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Waits until the brokers have confirmed that this instance leads.
     *
     * @throws IngestException UNAVAILABLE if it does not, or they do not say so in time
     */
    void confirm() {
        CompletableFuture<Void> confirmed = new CompletableFuture<>();
        asked.add(confirmed);
        if (isOver()) {
            failAsked();
        }
        try {
            confirmed.get(CONFIRMED.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw notLeading(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw IngestException.unavailable("closing", e);
        } finally {
            asked.remove(confirmed);
        }
    }

    /** Whether somebody waits in {@link #confirm}. */
    boolean isAsked() {
        return !asked.isEmpty();
    }

    /** The brokers have confirmed it. */
    void confirmed(ConsumerGroupMetadata now) {
        group = now;
        for (CompletableFuture<Void> one = asked.poll(); one != null; one = asked.poll()) {
            one.complete(null);
        }
    }

    /** The group has changed, and this instance has stayed its leader. */
    void renew(ConsumerGroupMetadata now) {
        group = now;
    }

    /** Another leads, as the brokers say, or it gives up by itself. Later calls change nothing. */
    public void end() {
        over.countDown();
        failAsked();
    }

    /** Another instance has taken over before this one was told. */
    void fenced(Throwable why) {
        if (!isOver()) {
            LOG.warn(
                    "ING-28 another ingest-service has taken over, so this one leads no longer: the brokers refused what it wanted to write ({})",
                    why.getMessage());
        }
        end();
    }

    private void failAsked() {
        for (CompletableFuture<Void> one = asked.poll(); one != null; one = asked.poll()) {
            one.completeExceptionally(new IllegalStateException("the term is over"));
        }
    }

    /** What is said to those who want to write as a leader, and are none. */
    static IngestException notLeading(Throwable cause) {
        return IngestException.unavailable(
                "this ingest-service does not lead: another one does it, or will in a moment",
                cause);
    }
}
