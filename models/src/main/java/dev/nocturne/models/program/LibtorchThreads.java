package dev.nocturne.models.program;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * With how many threads libtorch runs an operation: a number that it keeps for each thread that
 * calls it, and one for threads that it has not seen yet.
 *
 * <p>An operation of some microseconds that several threads share takes as long as the last of them
 * needs to wake up. So small models go faster in several threads that are alone with their
 * operations than in one that shares each of them.
 */
public final class LibtorchThreads {
    static {
        Engine.getInstance();
    }

    /** What libtorch takes unless told otherwise: the cores, or {@code OMP_NUM_THREADS}. */
    private static final int PROCESSORS = JniUtils.getNumThreads();

    private LibtorchThreads() {}

    /** How many threads compute at most: on a processor, not a GPU. */
    public static int processors() {
        return PROCESSORS;
    }

    /** From now on, for this thread and those that libtorch has not seen yet. */
    public static synchronized void use(int threads) {
        JniUtils.setNumThreads(threads);
    }

    /** So many daemon threads at most, each alone with its operations. The caller shuts it down. */
    public static ExecutorService pool(int threads, String name) {
        return Executors.newFixedThreadPool(
                threads,
                task -> {
                    Thread thread =
                            new Thread(
                                    () -> {
                                        useHere(1);
                                        task.run();
                                    },
                                    name);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** From now on, for this thread alone. */
    public static synchronized void useHere(int threads) {
        // a thread that libtorch has not seen yet gets the number of all when it first asks
        int here = JniUtils.getNumThreads();
        if (here == threads) {
            return;
        }
        int others = forNewThreads();
        JniUtils.setNumThreads(threads);
        // the number of new threads is set along with that of the thread that sets it
        elsewhere(() -> JniUtils.setNumThreads(others));
    }

    private static int forNewThreads() {
        AtomicInteger threads = new AtomicInteger();
        elsewhere(() -> threads.set(JniUtils.getNumThreads()));
        return threads.get();
    }

    /** On a thread that libtorch has not seen yet. */
    private static void elsewhere(Runnable task) {
        Thread thread = new Thread(task, "libtorch-threads");
        thread.start();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
