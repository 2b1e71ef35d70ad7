package dev.nocturne.standalone.kafka;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/** How far one stage is with a job, and how fast it has been going of late. */
final class StageProgress {
    private static final long WINDOW_NANOS = Duration.ofSeconds(30).toNanos();

    private record Sample(long nanos, int done) {}

    private final String name;
    private final int total;
    private final Deque<Sample> samples = new ArrayDeque<>();

    /**
     * @param total what there is to do
     */
    StageProgress(String name, int total, long nowNanos) {
        this.name = name;
        this.total = total;
        samples.add(new Sample(nowNanos, 0));
    }

    String name() {
        return name;
    }

    int total() {
        return total;
    }

    int done() {
        return samples.getLast().done;
    }

    void add(int done, long nowNanos) {
        samples.add(new Sample(nowNanos, done() + done));
        while (samples.size() > 2 && nowNanos - samples.getFirst().nanos > WINDOW_NANOS) {
            samples.removeFirst();
        }
    }

    /** Per second, over the last half minute; 0 if nothing was done. */
    double rate(long nowNanos) {
        Sample first = samples.getFirst();
        double seconds = (nowNanos - first.nanos) / 1e9;
        return seconds > 0 ? (done() - first.done) / seconds : 0;
    }

    /** At the present rate; 0 when done, infinite if nothing moves. */
    double secondsLeft(long nowNanos) {
        return done() >= total ? 0 : (total - done()) / rate(nowNanos);
    }
}
