package dev.nocturne.ingest.rest;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds the requests whose bodies are still coming, each of which a thread may wait for, and how
 * long each may take: half a minute, and what its bytes need at a slow line's pace.
 */
final class BodyLimits {

    /** Half of the threads that answer requests, so that others are answered meanwhile. */
    private static final int MOST_AT_ONCE = 100;

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long SLOWEST_BYTES_PER_SECOND = 64 << 10;
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final int RETRY_AFTER_SECONDS = 5;

    private final long mostBytes;
    private final AtomicInteger coming = new AtomicInteger();

    /**
     * @param mostBytes that any body may have
     */
    BodyLimits(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** Lets the request go on, or refuses it. On the request's event loop. */
    void admit(RoutingContext context) {
        HttpServerRequest request = context.request();
        if (!hasBody(request)) {
            context.next();
            return;
        }
        if (isTooLarge(request)) {
            context.response().putHeader(HttpHeaders.CONNECTION, "close");
            context.addEndHandler(end -> request.connection().close()); // the body may never come
            Refusal.send(
                    context,
                    413,
                    "too_large",
                    "the body has more than %d bytes: send less at once".formatted(mostBytes));
            return;
        }
        if (coming.incrementAndGet() > MOST_AT_ONCE) {
            coming.decrementAndGet();
            context.response().putHeader(HttpHeaders.RETRY_AFTER, "" + RETRY_AFTER_SECONDS);
            Refusal.send(
                    context,
                    503,
                    "too_many_uploads",
                    "%d bodies of requests are coming in already: try again in a few seconds"
                            .formatted(MOST_AT_ONCE));
            return;
        }
        long startNanos = System.nanoTime();
        long timer =
                context.vertx()
                        .setPeriodic(
                                TICK.toMillis(),
                                id -> {
                                    Duration taken =
                                            Duration.ofNanos(System.nanoTime() - startNanos);
                                    if (isLate(request.bytesRead(), taken)) {
                                        request.connection().close();
                                    }
                                });
        AtomicBoolean counted = new AtomicBoolean(true);
        Runnable done =
                () -> {
                    if (counted.getAndSet(false)) {
                        coming.decrementAndGet();
                        context.vertx().cancelTimer(timer);
                    }
                };
        request.end().onComplete(end -> done.run());
        context.addEndHandler(end -> done.run()); // also when the connection breaks
        context.next();
    }

    private static boolean hasBody(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length != null
                ? !length.equals("0")
                : request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
    }

    private boolean isTooLarge(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length != null && Long.parseLong(length) > mostBytes;
    }

    static boolean isLate(long bytes, Duration taken) {
        return taken.compareTo(PATIENCE.plusSeconds(bytes / SLOWEST_BYTES_PER_SECOND)) > 0;
    }
}
