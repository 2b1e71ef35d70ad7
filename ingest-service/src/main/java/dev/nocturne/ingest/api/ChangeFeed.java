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
 * Tells its followers what changes, twice a second at most, however much that is: a job that has
 * changed a thousand times is told once, as it is now. A follower begins with a snapshot, and gets
 * another if it was too slow for what came meanwhile; so nothing piles up for anybody.
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
    public interface Follower {
        boolean isOpen();

        /** Whether all that was sent has left. */
        boolean isReady();

        void send(String event, Object data);

        void close();
    }

    private static final class Seat {
        final Follower follower;
        boolean needsSnapshot = true;
        String toldOutage; // null if it was told none since its snapshot
        Instant tellAgainAt;

        Seat(Follower follower) {
            this.follower = follower;
        }
    }

    private final JobTable jobs;
    private final LagMonitor lag;
    private final Supplier<String> outage; // null while the jobs are known
    private final Clock clock;
    private final List<Seat> seats = new CopyOnWriteArrayList<>();
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
    public void add(Follower follower) {
        seats.add(new Seat(follower));
    }

    /** Cheap: it is called for every result. */
    public void changed(String jobId) {
        if (!seats.isEmpty()) {
            synchronized (changed) {
                changed.add(jobId);
            }
        }
    }

    /** Cheap, too. Beyond what is told at once, partial images are not. */
    public void partial(PartialImage image) {
        if (!seats.isEmpty()) {
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
            seats.removeIf(seat -> !seat.follower.isOpen());
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
        for (Seat seat : seats) {
            boolean due = !outage.equals(seat.toldOutage) || !now.isBefore(seat.tellAgainAt);
            if (due && seat.follower.isReady()) {
                send(seat, "unavailable", new Message(outage));
                seat.toldOutage = outage;
                seat.tellAgainAt = now.plus(OUTAGE_PERIOD);
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
        seats.forEach(seat -> seat.needsSnapshot = true);
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
        for (Seat seat : seats) {
            if (!seat.follower.isReady()) {
                seat.needsSnapshot = true;
            } else if (seat.needsSnapshot) {
                if (snapshot == null) {
                    snapshot =
                            new Snapshot(
                                    latestJobs(), jobs.openWork(clock.instant()), state.report());
                }
                send(seat, "snapshot", snapshot);
                seat.needsSnapshot = false;
                seat.toldOutage = null;
            } else {
                if (!changes.isEmpty()) {
                    send(seat, "jobs", changes);
                }
                if (!drawn.isEmpty()) {
                    send(seat, "partial-images", drawn);
                }
                if (!deleted.isEmpty()) {
                    send(seat, "deleted", deleted);
                }
                if (work != null) {
                    send(seat, "work", work);
                }
                if (newLag && state.report() != null) {
                    send(seat, "lag", state.report());
                } else if (newLag) {
                    send(seat, "lag-unknown", new Message(state.outage()));
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
        if (withOpen && !seats.isEmpty()) {
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

    private void send(Seat seat, String event, Object data) {
        try {
            seat.follower.send(event, data);
        } catch (RuntimeException e) { // went away this moment
            LOG.debug("a follower of changes is gone", e);
            seat.follower.close();
            seats.remove(seat);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        seats.forEach(seat -> seat.follower.close());
    }
}
