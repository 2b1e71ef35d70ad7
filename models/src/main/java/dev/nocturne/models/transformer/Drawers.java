package dev.nocturne.models.transformer;

import dev.nocturne.models.program.LibtorchThreads;
import dev.nocturne.models.program.Machine;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * The threads that draw the shares of a batch, over one copy of the weights: one for each core,
 * alone with its operations; or the caller's, whose operations run on all cores.
 */
final class Drawers implements AutoCloseable {
    /**
     * Weights of more bytes are read from memory in every pass, whatever the caches hold: one
     * thread reads them for all.
     */
    private static final long LARGE = 64L << 20;

    private final int threads;

    /** Null if the caller draws. */
    private final ExecutorService pool;

    private Drawers(int threads) {
        this.threads = threads;
        this.pool = threads == 1 ? null : LibtorchThreads.pool(threads, "drawer");
    }

    /** One for each core for small models; the caller's for large ones, and on a GPU. */
    static Drawers of(long weightBytes, int batchSize) {
        return Machine.hasGpu() || weightBytes > LARGE
                ? new Drawers(1)
                : new Drawers(Math.min(LibtorchThreads.processors(), batchSize));
    }

    int threads() {
        return threads;
    }

    /** What one thread draws. */
    interface Share {
        void draw(BooleanSupplier keepGoing);
    }

    /**
     * Draws all shares. What one throws ends the others, too.
     *
     * @param keepGoing is asked by all threads
     */
    void run(List<Share> shares, BooleanSupplier keepGoing) {
        if (pool == null) {
            LibtorchThreads.useHere(LibtorchThreads.processors());
            shares.forEach(share -> share.draw(keepGoing));
        } else {
            runTogether(shares, keepGoing);
        }
    }

    private void runTogether(List<Share> shares, BooleanSupplier keepGoing) {
        AtomicBoolean failed = new AtomicBoolean();
        List<Future<?>> begun = new ArrayList<>();
        for (Share share : shares) {
            begun.add(
                    pool.submit(
                            () -> {
                                try {
                                    share.draw(() -> !failed.get() && keepGoing.getAsBoolean());
                                } catch (RuntimeException | Error e) {
                                    // the first one tells why; the others only that they ended
                                    if (failed.compareAndSet(false, true)) {
                                        throw e;
                                    }
                                }
                            }));
        }
        Throwable cause = null;
        for (Future<?> share : begun) {
            Throwable thrown = outcome(share, failed);
            cause = cause == null ? thrown : cause;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        if (cause != null) {
            throw (RuntimeException) cause;
        }
    }

    /** What a share threw, or null. An interrupt ends it, and is kept. */
    private static Throwable outcome(Future<?> share, AtomicBoolean failed) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    share.get();
                    return interrupted ? new CancelledException() : null;
                } catch (InterruptedException e) {
                    interrupted = true;
                    failed.set(true);
                } catch (ExecutionException e) {
                    return e.getCause();
                } catch (CancellationException e) {
                    return new CancelledException();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.shutdown();
        }
    }
}
