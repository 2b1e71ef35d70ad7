package dev.nocturne.training.bench;

import dev.nocturne.training.loop.PeakMemory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongSupplier;

/** Measures work: the median of several runs after a warm-up, or the only run of long work. */
final class Stopwatch {
    private static final int LEAST_RUNS = 3;

    /** After this one run is enough: it is the mean of many positions. */
    private static final double ENOUGH_SECONDS = 20;

    private final double leastSeconds;

    /**
     * @param seconds of a run, the median
     * @param javaShare of all runs' time that was spent outside the TorchScript program
     * @param memoryBytes as {@link PeakMemory#bytes}
     */
    record Timing(double seconds, double javaShare, long memoryBytes) {}

    /**
     * @param leastSeconds that a measurement takes
     */
    Stopwatch(double leastSeconds) {
        this.leastSeconds = leastSeconds;
    }

    Timing time(Runnable work, LongSupplier nanosInside) {
        return time(work, work, nanosInside);
    }

    Timing time(Runnable warmUp, Runnable work, LongSupplier nanosInside) {
        warmUp.run();
        PeakMemory.reset();
        List<Double> seconds = new ArrayList<>();
        long inside = nanosInside.getAsLong();
        long began = System.nanoTime();
        double total;
        do {
            long start = System.nanoTime();
            work.run();
            long end = System.nanoTime();
            seconds.add((end - start) / 1e9);
            total = (end - began) / 1e9;
        } while (total < leastSeconds || (seconds.size() < LEAST_RUNS && total < ENOUGH_SECONDS));
        double javaShare = 1 - (nanosInside.getAsLong() - inside) / 1e9 / total;
        Collections.sort(seconds);
        return new Timing(seconds.get(seconds.size() / 2), javaShare, PeakMemory.bytes());
    }
}
