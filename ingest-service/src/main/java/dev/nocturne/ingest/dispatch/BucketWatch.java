package dev.nocturne.ingest.dispatch;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.StageException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that the bucket has vanished. It is made without a word only where nothing is lost with
 * it: while jobs are open that were made from files, its absence is an error, which a person has a
 * while to mend; then those jobs have failed, and the bucket is made anew for the next.
 */
public final class BucketWatch implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(BucketWatch.class);

    /**
     * @param look at the bucket so often
     * @param grace for a bucket to come back
     */
    public record Timing(Duration look, Duration grace) {
        public static final Timing DEFAULT =
                new Timing(Duration.ofSeconds(5), Duration.ofMinutes(1));
    }

    private static final Duration LONGEST_LOOK = Duration.ofMinutes(15);

    private final ObjectStore store;
    private final JobTable jobs;
    private final BiConsumer<String, Problem> fail;
    private final Clock clock;
    private final Timing timing;
    private final Rounds rounds;
    private Instant goneSince; // null while the bucket is there; of one thread at a time
    private volatile String trouble = ""; // why no work can be done

    /**
     * @param fail ends a job that cannot go on
     */
    public BucketWatch(
            ObjectStore store,
            JobTable jobs,
            BiConsumer<String, Problem> fail,
            Clock clock,
            Timing timing) {
        this.store = store;
        this.jobs = jobs;
        this.fail = fail;
        this.clock = clock;
        this.timing = timing;
        rounds = new Rounds("bucket-watch", timing.look(), LONGEST_LOOK);
    }

    /** Makes the first bucket, so that there is one for the first request, whoever leads. */
    public static void makeFirst(ObjectStore store, JobTable jobs) {
        try {
            if (jobs.isEmpty() && !store.hasBucket()) {
                store.ensureBucket();
                LOG.info("ING-11 the bucket has been made");
            }
        } catch (StageException e) {
            LOG.debug("ING-09 the leader looks at it again", e);
        }
    }

    @Override
    public void start() {
        rounds.start(this::look);
    }

    @Override
    public Health health() {
        Health alive = rounds.health();
        return trouble.isEmpty() ? alive : new Health(alive.live(), false, trouble);
    }

    private void look() {
        try {
            if (store.hasBucket()) {
                isThere();
            } else {
                isGone();
            }
        } catch (FatalException e) {
            reportTrouble(e.getMessage());
        } catch (StageException | IngestException e) {
            LOG.debug("ING-09 not known whether the bucket is there", e);
        } catch (Throwable e) { // the next look comes only if this one ends well
            LOG.error("ING-09 not known whether the bucket is there: {}", e.toString());
        } finally {
            rounds.beat();
        }
    }

    /** It may be mended from outside, by another permission for example: looking goes on. */
    private void reportTrouble(String why) {
        if (!why.equals(trouble)) {
            LOG.error("ING-26 {}", why);
        }
        trouble = why;
    }

    private void isThere() {
        if (goneSince != null) {
            LOG.info("ING-10 the bucket is back");
        }
        goneSince = null;
        trouble = "";
    }

    private void isGone() {
        List<String> open = jobs.open(job -> job.created() != null);
        if (open.isEmpty()) {
            store.ensureBucket();
            LOG.warn("ING-11 the bucket was not there and has been made anew");
            isThere();
            return;
        }
        Instant now = clock.instant();
        if (goneSince == null) {
            goneSince = now;
            LOG.error(
                    "ING-12 the bucket is gone, and {} open jobs with it: they fail in {} unless it comes back",
                    open.size(),
                    timing.grace());
        }
        trouble =
                "the bucket is gone since %s, with the files of %d open jobs"
                        .formatted(goneSince, open.size());
        if (!now.isBefore(goneSince.plus(timing.grace()))) {
            for (String id : open) {
                fail.accept(
                        id,
                        new Problem(
                                null,
                                null,
                                "bucket_deleted",
                                "the bucket was deleted, and the job's files with it: upload them again"));
            }
        }
    }

    @Override
    public void close() {
        rounds.stop();
    }
}
