package dev.nocturne.ingest;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.Ids;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes jobs in, keeps account of them, writes their manifests, and measures consumer lag.
 *
 * <p>Holds no state of its own: every start rebuilds it from the {@code jobs} and {@code results}
 * topics. All methods may be called from any thread.
 */
public final class IngestService implements Service {

    private static final Logger LOG = LoggerFactory.getLogger(IngestService.class);
    private static final Duration RETRY = Duration.ofSeconds(2);

    private final KafkaSettings kafka;
    private final Supplier<ObjectStore> openStore;
    private final Clock clock;
    private final JobTable jobs = new JobTable();
    private final JobPublisher publisher;
    private final LagMonitor lag;
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread logThread = new Thread(this::followLog, "job-log");
    private volatile ObjectStore store; // null before it is opened; so is the next
    private volatile ManifestWriter manifests;
    private volatile JobLog log; // null while Kafka or the store is away
    private volatile boolean caughtUp;
    private volatile String message = "starting";

    public IngestService(
            KafkaSettings kafka, ObjectStoreSettings objectStore, MeterRegistry registry) {
        this(kafka, () -> ObjectStore.open(objectStore), registry, Clock.systemUTC());
    }

    IngestService(
            KafkaSettings kafka,
            Supplier<ObjectStore> openStore,
            MeterRegistry registry,
            Clock clock) {
        this.kafka = kafka;
        this.openStore = openStore;
        this.clock = clock;
        this.publisher = new JobPublisher(kafka);
        this.lag = new LagMonitor(kafka, new LagMetrics(registry), clock);
    }

    @Override
    public void start() {
        logThread.start();
    }

    /**
     * Publishes a job of all captions in {@code jsonl}, one JSON object a line, or nothing.
     *
     * @throws IngestException INVALID with the problems by line, TOO_LARGE, or UNAVAILABLE
     * @throws IOException if {@code jsonl} cannot be read
     */
    public Job submit(InputStream jsonl) throws IOException {
        requireCaughtUp();
        String id = Ids.newJobId();
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS); // as the record keeps it
        List<CaptionSubmitted> captions = JobParser.parse(jsonl, id, now);
        JobSubmitted submitted =
                JobSubmitted.newBuilder()
                        .setJobId(id)
                        .setTotal(captions.size())
                        .setSubmittedAt(now)
                        .build();
        publisher.publish(submitted, captions);
        accept(submitted); // or its submitter could ask before it comes back from the log
        LOG.info("job {} submitted: {} captions", id, captions.size());
        return job(id);
    }

    /**
     * @throws IngestException UNKNOWN_JOB, or UNAVAILABLE while the state is being rebuilt
     */
    public Job job(String id) {
        requireCaughtUp();
        return jobs.job(id, clock.instant()).orElseThrow(() -> IngestException.unknownJob(id));
    }

    /**
     * Latest first.
     *
     * @throws IngestException UNAVAILABLE while the state is being rebuilt
     */
    public List<Job> jobs() {
        requireCaughtUp();
        return jobs.jobs(clock.instant());
    }

    /**
     * The requests that have finished, by custom id.
     *
     * @throws IngestException UNKNOWN_JOB, or UNAVAILABLE while the state is being rebuilt or if
     *     the manifest cannot be read
     */
    public List<RequestResult> results(String id) {
        job(id);
        return jobs.results(id).orElseGet(() -> storedResults(id));
    }

    private List<RequestResult> storedResults(String id) {
        String key = Manifest.key(id);
        try {
            return Manifest.fromJson(store.get(key)).requests();
        } catch (StageException | IOException e) {
            throw IngestException.unavailable(
                    "cannot read %s: %s".formatted(key, e.getMessage()), e);
        }
    }

    /**
     * @throws IngestException UNAVAILABLE if it could not be measured
     */
    public LagReport lag() {
        return lag.latest();
    }

    private void requireCaughtUp() {
        if (!caughtUp) {
            throw IngestException.unavailable(
                    "the jobs are not known yet (%s): try again in a few seconds"
                            .formatted(message),
                    null);
        }
    }

    private void accept(JobSubmitted event) {
        if (jobs.add(event)) {
            manifests.write(event.getJobId());
        }
    }

    private void accept(RequestFinished event) {
        if (jobs.add(event)) {
            manifests.write(event.getRequest().getJobId());
        }
    }

    /** On its own thread, until {@link #close}: whatever is away may come back. */
    private void followLog() {
        try {
            store = openStore.get();
            manifests = new ManifestWriter(jobs, store);
            lag.start();
            do {
                try {
                    TopicAdmin.createMissing(kafka);
                    store.ensureBucket();
                    replayAndFollow();
                } catch (TransientException | RetriableException e) {
                    caughtUp = false;
                    message = e.getMessage();
                    LOG.warn("waiting: {}", message);
                }
            } while (!closed.await(RETRY.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            if (closed.getCount() > 0) {
                fail(e);
            }
        }
    }

    private void replayAndFollow() {
        try (JobLog opened = new JobLog(kafka, this::accept, this::accept)) {
            log = opened;
            if (closed.getCount() == 0) {
                return;
            }
            message = "reading the job log";
            opened.follow(
                    () -> {
                        message = "following the job log";
                        caughtUp = true;
                    });
        } finally {
            log = null;
        }
    }

    private void fail(RuntimeException reason) {
        caughtUp = false;
        Throwable root = reason;
        while (root instanceof KafkaException && root.getCause() != null) {
            root = root.getCause(); // the innermost message says most
        }
        message = root.getMessage();
        LOG.error("ingest stopped: {}", message);
        failure.complete(
                reason instanceof FatalException fatal
                        ? fatal
                        : new FatalException(message, reason));
    }

    @Override
    public Health health() {
        return new Health(!failure.isDone(), caughtUp, "ingest: " + message);
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        closed.countDown();
        JobLog open = log;
        if (open != null) {
            open.stop();
        } else {
            logThread.interrupt(); // waiting for Kafka or the store
        }
        try {
            logThread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (manifests != null) {
            manifests.close();
        }
        lag.close();
        publisher.close();
    }
}
