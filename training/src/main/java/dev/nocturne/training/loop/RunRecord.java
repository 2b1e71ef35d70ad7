package dev.nocturne.training.loop;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;

/** Writes down how a training goes: to the terminal, as JSON lines, for TensorBoard. */
final class RunRecord implements Closeable {
    private static final Duration REPORT_EVERY = Duration.ofSeconds(20);

    /** Lines and events of a training, about: more tell nothing more. */
    private static final long RECORDED_STEPS = 20_000;

    /** Steps that a reported metric is averaged over, about. */
    private static final int MEAN_OF = 50;

    private final Trainee trainee;
    private final long first;
    private final long steps;
    private final LossTable table;
    private final LossFile lines;
    private final EventFile events;
    private final long began = System.nanoTime();
    private final double[] means;
    private long reported = began;
    private long added;

    /**
     * @param first step of the checkpoint that training goes on from, 0 if there is none
     */
    RunRecord(Trainee trainee, Path folder, long first, long steps, PrintStream log)
            throws IOException {
        this.trainee = trainee;
        this.first = first;
        this.steps = steps;
        this.table = new LossTable(log, trainee.metrics(), trainee.unit());
        this.means = new double[trainee.metrics().size()];
        this.lines = LossFile.from(folder, first);
        this.events = EventFile.create(folder.resolve("tensorboard"), Clock.systemUTC());
    }

    /**
     * @param step steps made so far
     */
    void add(long step, float[] metrics) throws IOException {
        added++;
        for (int i = 0; i < means.length; i++) {
            means[i] += (metrics[i] - means[i]) / Math.min(added, MEAN_OF);
        }
        if (step % Math.max(1, steps / RECORDED_STEPS) == 0) {
            lines.add(step, trainee.metrics(), metrics);
            for (int i = 0; i < metrics.length; i++) {
                events.scalar("training/" + trainee.metrics().get(i), step, metrics[i]);
            }
        }
    }

    void heldOut(long step, Map<String, Double> measured) throws IOException {
        table.heldOut(measured);
        lines.heldOut(step, measured);
        for (Map.Entry<String, Double> one : measured.entrySet()) {
            events.scalar("held-out/" + one.getKey(), step, one.getValue().floatValue());
        }
    }

    /** Says how far training is, if it has not for a while, or if this was the last step. */
    void report(long step) throws IOException {
        long now = System.nanoTime();
        if (now - reported < REPORT_EVERY.toNanos() && step < steps) {
            return;
        }
        reported = now;
        double perSecond = (step - first) / ((now - began) / 1e9);
        Duration left = Duration.ofSeconds((long) ((steps - step) / perSecond));
        table.row(step, steps, means, perSecond * trainee.unitsPerStep(), left);
        flush();
    }

    /** The mean of a metric over the last steps; not a number if there is no such metric. */
    double mean(String metric) {
        int index = trainee.metrics().indexOf(metric);
        return index < 0 || added == 0 ? Double.NaN : means[index];
    }

    /** All is on disk that stands before a checkpoint. */
    void flush() throws IOException {
        lines.flush();
        events.flush();
    }

    @Override
    public void close() throws IOException {
        lines.close();
        events.close();
    }
}
