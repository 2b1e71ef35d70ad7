package dev.nocturne.ingest.archive;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.archive.RequestOrder.OrderedRequest;
import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import dev.nocturne.runtime.Backoff;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ResultFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * Goes through the requests of a job with what the bucket has of each; so many are under way that
 * the store's latency does not add up.
 */
final class StoredRequests {

    /** Objects that are fetched from the bucket ahead of the request that is visited. */
    private static final int FETCHED_AHEAD = 16;

    /** A store that is busy for a moment shall not cost what is fetched so far. */
    static final Backoff BUSY_STORE = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(4), 5);

    /** Takes the requests one by one. */
    interface Visitor {
        /**
         * @param stored {@code result.json}; null if there is none
         * @param pictures the bytes of each that was fetched; null if it was not, or is not there
         */
        void visit(
                RequestFinished result,
                AnswerFormat format,
                byte[] stored,
                Function<ResultFile.Image, byte[]> pictures)
                throws IOException;
    }

    /**
     * A result, and what of it is in the bucket; null for what is not there.
     *
     * @param stored {@code result.json}
     * @param pictures by key; empty if nobody wants them
     */
    private record Fetched(
            OrderedRequest request,
            RequestFinished result,
            Future<byte[]> stored,
            Map<String, Future<byte[]>> pictures) {

        int objects() {
            return 1 + pictures.size();
        }
    }

    private final ObjectStore store;

    StoredRequests(ObjectStore store) {
        this.store = store;
    }

    /**
     * @param withPictures of all; else of those whose answers show them
     */
    void visit(List<OrderedRequest> order, ResultSpool spool, boolean withPictures, Visitor visitor)
            throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(FETCHED_AHEAD);
        Deque<Fetched> ahead = new ArrayDeque<>();
        int objects = 0;
        try {
            for (OrderedRequest request : order) {
                ahead.add(fetch(request, spool.get(request.requestId()), withPictures, threads));
                objects += ahead.getLast().objects();
                while (objects >= FETCHED_AHEAD) {
                    objects -= ahead.element().objects();
                    visit(ahead.remove(), visitor);
                }
            }
            while (!ahead.isEmpty()) {
                visit(ahead.remove(), visitor);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private Fetched fetch(
            OrderedRequest request,
            RequestFinished result,
            boolean withPictures,
            ExecutorService threads) {
        Map<String, Future<byte[]>> pictures = new HashMap<>();
        if (withPictures || request.format() == AnswerFormat.B64_JSON) {
            for (StoredImage image : result.getImages()) {
                pictures.put(image.getKey(), threads.submit(() -> find(image.getKey())));
            }
        }
        return new Fetched(request, result, threads.submit(() -> stored(result)), pictures);
    }

    private static void visit(Fetched fetched, Visitor visitor) throws IOException {
        Map<String, byte[]> pictures = new HashMap<>();
        for (var picture : fetched.pictures.entrySet()) {
            pictures.put(picture.getKey(), got(picture.getValue()));
        }
        visitor.visit(
                fetched.result,
                fetched.request.format(),
                got(fetched.stored),
                image -> pictures.get(image.key()));
    }

    private static byte[] got(Future<byte[]> object) throws IOException {
        try {
            return object.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("closing");
        }
    }

    /** Null if there is none, as of a request that failed. */
    private byte[] stored(RequestFinished result) throws InterruptedException {
        if (result.getStatus() != RequestStatus.COMPLETED) {
            return null;
        }
        RequestRef request = result.getRequest();
        return find(ResultFile.key(request.getJobId(), request.getRequestId()));
    }

    /** Null if somebody has deleted it. */
    private byte[] find(String key) throws InterruptedException {
        return BUSY_STORE.retry(() -> store.find(key)).orElse(null);
    }
}
