package dev.nocturne.ingest.api;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import dev.nocturne.runtime.DaemonThreads;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.schemas.ReasonCodes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Callers that wait for the result of a job of one request; no thread does. Thread-safe. */
public final class AwaitedResults implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int STORE_READERS = 16;

    /** Reasons that no other request would mend. */
    private static final Set<String> OURS =
            Set.of(
                    ReasonCodes.MODEL_ERROR,
                    ReasonCodes.OTHER_MODEL,
                    ReasonCodes.STORAGE_ERROR,
                    ReasonCodes.INTERNAL);

    /** Publishes a request. */
    interface Publication {
        void run();
    }

    private final Map<String, CompletableFuture<RequestResult>> waiting = new ConcurrentHashMap<>();

    /** Answers read pictures from the store, and the common pool has as few threads as the CPU. */
    private final ExecutorService storeReaders =
            Executors.newFixedThreadPool(STORE_READERS, DaemonThreads.named("store-reader"));

    /**
     * Publishes the request of a job, unless somebody waits for its result already, and answers
     * when it is painted.
     *
     * @param answer may wait for the store
     * @return ends with what {@code answer} throws, or an {@link IngestException} INVALID, FAILED
     *     or, after a while, TIMED_OUT
     * @throws IngestException that of the publication; then nobody waits
     */
    <A> CompletionStage<A> answer(
            String jobId, Publication publication, Function<RequestResult, A> answer) {
        CompletableFuture<RequestResult> own = new CompletableFuture<>();
        CompletableFuture<RequestResult> earlier = waiting.putIfAbsent(jobId, own);
        if (earlier == null) {
            own.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .whenComplete((done, error) -> waiting.remove(jobId));
            try {
                publication.run();
            } catch (IngestException e) {
                own.completeExceptionally(e);
                throw e;
            }
        }
        return (earlier == null ? own : earlier)
                .handleAsync(
                        (done, error) -> {
                            requirePainted(jobId, done, error);
                            return answer.apply(done);
                        },
                        storeReaders);
    }

    private static void requirePainted(String jobId, RequestResult result, Throwable error) {
        if (error != null) {
            throw IngestException.timedOut(
                    "the picture was not finished within %d minutes: look for job '%s' later"
                            .formatted(PATIENCE.toMinutes(), jobId));
        }
        if (result.status() != RequestResult.Status.COMPLETED) {
            RequestResult.Failure failed = result.failure();
            throw new IngestException(
                    OURS.contains(failed.code())
                            ? IngestException.Kind.FAILED
                            : IngestException.Kind.INVALID,
                    List.of(new Problem(null, failed.param(), failed.code(), failed.message())));
        }
    }

    /** Cheap: it is called for every result. */
    public void finished(RequestFinished event) {
        CompletableFuture<RequestResult> waiter = waiting.get(event.getRequest().getJobId());
        if (waiter != null) {
            waiter.complete(RequestResult.of(event));
        }
    }

    @Override
    public void close() {
        storeReaders.shutdownNow();
    }
}
