package dev.nocturne.ingest.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobFilter;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.job.OpenWork;
import dev.nocturne.ingest.lag.LagMonitor;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.result.PartialImage;
import dev.nocturne.runtime.DaemonThreads;
import dev.nocturne.schemas.Ids;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells its subscribers what changes, twice a second at most, however much that is: a job that has
 * changed a thousand times is told once, as it is now. A subscriber begins with a snapshot, and
 * gets another if it was too slow for what came meanwhile; so nothing piles up for anybody.
 */
public final class ChangeFeed implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ChangeFeed.class);
    private static final Duration PERIOD = Duration.ofMillis(500);

    /** Often enough that nobody takes an outage's silence for a dead connection. */
    private static final Duration OUTAGE_PERIOD = Duration.ofSeconds(15);

    /** Jobs in one message; the others follow in the next. */
    private static final int MOST = 100;

    /** Changed jobs that wait for their turn; beyond it a snapshot says more. */
    private static final int MOST_CHANGED = 500;

    /**
     * @param jobs the latest, at most {@link #MOST}
     * @param lag null if it is not known
     */
    @JsonNaming(SnakeCaseStrategy.class)
    record Snapshot(List<Job> jobs, OpenWork work, LagReport lag) {}

    record Message(String message) {}

    /** A picture is drawn so far; {@code GET /v1/images/{job}/{request}/partial} has it. */
    @JsonNaming(SnakeCaseStrategy.class)
    record Partial(String jobId, String requestId, String caption, int partialImageIndex) {}

    /** Somebody who is told what changes, by one thread; no method may wait. */
    public interface Subscriber {
        boolean isOpen();

        /** Whether all that was sent has left. */
        boolean isReady();

        void send(String event, Object data);

        void close();
    }

    private static final class Subscription {
        final Subscriber subscriber;
        boolean needsSnapshot = true;
        String toldOutage; // null if it was told none since its snapshot
        Instant tellAgainAt;

        Subscription(Subscriber subscriber) {
            this.subscriber = subscriber;
        }
    }

    private final JobTable jobs;
    private final LagMonitor lag;
    private final Supplier<String> outage; // null while the jobs are known
    private final Clock clock;
    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
    private final Set<String> changed = new LinkedHashSet<>(); // guarded by itself

    /** By request; guarded by {@link #changed}. */
    private final Map<String, Partial> partials = new LinkedHashMap<>();

    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("change-feed"));
    private LagMonitor.State lastLag; // the thread's own, like the next
    private OpenWork lastWork;

    public ChangeFeed(JobTable jobs, LagMonitor lag, Supplier<String> outage, Clock clock) {
        this.jobs = jobs;
        this.lag = lag;
        this.outage = outage;
        this.clock = clock;
    }

    public void start() {
        thread.scheduleWithFixedDelay(this::tick, 0, PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Until it is no longer open, or this is closed. */
    public void add(Subscriber subscriber) {
        subscriptions.add(new Subscription(subscriber));
    }

    /** Cheap: it is called for every result. */
    public void changed(String jobId) {
        if (!subscriptions.isEmpty()) {
            synchronized (changed) {
                changed.add(jobId);
            }
        }
    }

    /** Cheap, too. Beyond what is told at once, partial images are not. */
    public void partial(PartialImage image) {
        if (!subscriptions.isEmpty()) {
            synchronized (changed) {
                if (partials.size() < MOST) {
                    partials.put(
                            Ids.key(image.jobId(), image.requestId()),
                            new Partial(
                                    image.jobId(),
                                    image.requestId(),
                                    image.caption(),
                                    image.index()));
                }
            }
        }
    }

    private void tick() {
        try {
            subscriptions.removeIf(subscription -> !subscription.subscriber.isOpen());
            String away = outage.get();
            if (away != null || hasTooManyChanges()) {
                forgetChanges();
            }
            if (away == null) {
                tell();
            } else {
                tellOutage(away);
            }
        } catch (Throwable e) { // the next tick comes only if this one ends well
            LOG.error("the feed of changes failed and goes on", e);
        }
    }

    private void tellOutage(String outage) {
        Instant now = clock.instant();
        for (Subscription subscription : subscriptions) {
            boolean due =
                    !outage.equals(subscription.toldOutage)
                            || !now.isBefore(subscription.tellAgainAt);
            if (due && subscription.subscriber.isReady()) {
                send(subscription, "unavailable", new Message(outage));
                subscription.toldOutage = outage;
                subscription.tellAgainAt = now.plus(OUTAGE_PERIOD);
            }
        }
    }

    private boolean hasTooManyChanges() {
        synchronized (changed) {
            return changed.size() > MOST_CHANGED;
        }
    }

    /** Everybody gets a snapshot in their place. */
    private void forgetChanges() {
        subscriptions.forEach(subscription -> subscription.needsSnapshot = true);
        synchronized (changed) {
            changed.clear();
            partials.clear();
        }
    }

    private void tell() {
        LagMonitor.State state = lag.state();
        boolean newLag = state != lastLag;
        lastLag = state;
        List<String> deleted = new ArrayList<>();
        List<Job> changes = changes(newLag, deleted);
        List<Partial> drawn = takePartials();
        OpenWork work = null; // null: as it was
        if (newLag || !changes.isEmpty() || !deleted.isEmpty()) {
            OpenWork now = jobs.openWork(clock.instant());
            work = now.equals(lastWork) ? null : now;
            lastWork = now;
        }
        Snapshot snapshot = null;
        for (Subscription subscription : subscriptions) {
            if (!subscription.subscriber.isReady()) {
                subscription.needsSnapshot = true;
            } else if (subscription.needsSnapshot) {
                if (snapshot == null) {
                    snapshot =
                            new Snapshot(
                                    latestJobs(), jobs.openWork(clock.instant()), state.report());
                }
                send(subscription, "snapshot", snapshot);
                subscription.needsSnapshot = false;
                subscription.toldOutage = null;
            } else {
                if (!changes.isEmpty()) {
                    send(subscription, "jobs", changes);
                }
                if (!drawn.isEmpty()) {
                    send(subscription, "partial-images", drawn);
                }
                if (!deleted.isEmpty()) {
                    send(subscription, "deleted", deleted);
                }
                if (work != null) {
                    send(subscription, "work", work);
                }
                if (newLag && state.report() != null) {
                    send(subscription, "lag", state.report());
                } else if (newLag) {
                    send(subscription, "lag-unknown", new Message(state.outage()));
                }
            }
        }
    }

    private List<Job> latestJobs() {
        return jobs.jobs(clock.instant(), JobFilter.ALL, null, MOST).orElseThrow();
    }

    /** Rates and estimates change with time alone, so open jobs are told with every new lag. */
    private List<Job> changes(boolean withOpen, List<String> deleted) {
        Map<String, Job> told = new LinkedHashMap<>();
        for (String id : takeChanged()) {
            jobs.job(id, clock.instant()).ifPresent(job -> told.put(id, job));
            jobs.deletedAt(id).ifPresent(at -> deleted.add(id));
        }
        if (withOpen && !subscriptions.isEmpty()) {
            for (Job job : latestJobs()) {
                if (!job.status().isTerminal()) {
                    told.putIfAbsent(job.id(), job);
                }
            }
        }
        return List.copyOf(told.values());
    }

    private List<String> takeChanged() {
        List<String> taken = new ArrayList<>();
        synchronized (changed) {
            Iterator<String> ids = changed.iterator();
            while (ids.hasNext() && taken.size() < MOST) {
                taken.add(ids.next());
                ids.remove();
            }
        }
        return taken;
    }

    private List<Partial> takePartials() {
        synchronized (changed) {
            List<Partial> taken = List.copyOf(partials.values());
            partials.clear();
            return taken;
        }
    }

    private void send(Subscription subscription, String event, Object data) {
        try {
            subscription.subscriber.send(event, data);
        } catch (RuntimeException e) { // went away this moment
            LOG.debug("a subscriber of changes is gone", e);
            subscription.subscriber.close();
            subscriptions.remove(subscription);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        subscriptions.forEach(subscription -> subscription.subscriber.close());
    }
}
