package dev.nocturne.training.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.nocturne.models.format.Safetensors;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;

/**
 * Trains one model: steps, progress lines, checkpoints and pictures, until the last step or a
 * signal. The same call on the same folder goes on where the last one stopped; the batch of a step
 * depends on the seed and the step alone.
 *
 * <p>The folder holds {@code checkpoint.safetensors}, {@code weights.safetensors} (the average, for
 * use) and the pictures.
 */
public final class TrainingLoop {
    private static final Duration REPORT_EVERY = Duration.ofSeconds(20);
    private static final Duration CHECKPOINT_EVERY = Duration.ofMinutes(3);

    /** Steps that a reported metric is averaged over, about. */
    private static final int MEAN_OF = 50;

    private final Trainee trainee;
    private final Path folder;
    private final Plan plan;
    private final PrintStream log;

    /** How long to train. {@code evaluateEvery} is in steps. */
    public record Plan(long steps, long evaluateEvery, long seed) {}

    public TrainingLoop(Trainee trainee, Path folder, Plan plan, PrintStream log) {
        this.trainee = trainee;
        this.folder = folder;
        this.plan = plan;
        this.log = log;
    }

    /**
     * @return whether the last step was reached (else a signal asked to stop)
     */
    public boolean run() throws IOException {
        Files.createDirectories(folder);
        Path checkpoint = folder.resolve("checkpoint.safetensors");
        NDManager manager = trainee.program().manager();
        TrainingState state =
                Files.exists(checkpoint)
                        ? TrainingState.load(manager, checkpoint)
                        : TrainingState.of(
                                manager, trainee.initialWeights(new SplittableRandom(plan.seed)));
        long first = state.steps();
        if (first > 0) {
            log.printf("going on from step %,d of %,d in %s%n", first, plan.steps, folder);
        }
        try (StopSignal signal = StopSignal.install()) {
            long reached = train(state, checkpoint, signal);
            signal.saved();
            boolean finished = reached == plan.steps;
            log.printf(
                    "%s at step %,d; weights in %s%n",
                    finished ? "finished" : "stopped",
                    reached,
                    folder.resolve("weights.safetensors"));
            return finished;
        }
    }

    private long train(TrainingState state, Path checkpoint, StopSignal signal) throws IOException {
        long first = state.steps();
        Progress progress = new Progress(first);
        long checkpointed = System.nanoTime();
        // a GPU makes a step in less time than a processor draws its batch
        Queue<CompletableFuture<Object>> ahead = new ArrayDeque<>();
        int lead = Runtime.getRuntime().availableProcessors();
        LongStream.range(first, first + lead).forEach(s -> ahead.add(drawAhead(s)));
        long step = first;
        while (step < plan.steps && !signal.stopRequested()) {
            Object drawn = ahead.remove().join();
            ahead.add(drawAhead(step + lead));
            trainee.before(step, state).ifPresent(log::println);
            progress.add(step(state, drawn, step));
            step++;
            progress.report(step);
            if (step % plan.evaluateEvery == 0 || step == plan.steps) {
                evaluate(state, step);
            }
            if (System.nanoTime() - checkpointed > CHECKPOINT_EVERY.toNanos()) {
                save(state, checkpoint, step);
                checkpointed = System.nanoTime();
            }
        }
        save(state, checkpoint, step);
        return step;
    }

    private CompletableFuture<Object> drawAhead(long step) {
        return CompletableFuture.supplyAsync(
                () -> trainee.draw(new SplittableRandom(plan.seed * 1_000_003 + step)));
    }

    private float[] step(TrainingState state, Object drawn, long step) {
        try (NDManager scope = trainee.program().manager().newSubManager()) {
            NDList arguments = state.arguments();
            arguments.add(scope.create(trainee.hyperparameters(step)));
            arguments.addAll(trainee.arguments(drawn, scope));
            NDArray metrics = trainee.program().train("train_step", arguments);
            metrics.attach(scope);
            return metrics.toFloatArray();
        }
    }

    private void evaluate(TrainingState state, long step) throws IOException {
        Optional<Trainee.Measured> measured = trainee.evaluate(step, state.averaged());
        if (measured.isPresent()) {
            Path picture = folder.resolve("step-%07d.png".formatted(step));
            ImageIO.write(measured.get().picture(), "png", picture.toFile());
            log.printf("step %,d  %s  (%s)%n", step, measured.get().summary(), picture);
        }
    }

    private void save(TrainingState state, Path checkpoint, long step) throws IOException {
        try {
            state.save(checkpoint);
            Safetensors.write(
                    folder.resolve("weights.safetensors"),
                    state.averaged(),
                    Safetensors.StorageType.F32,
                    Map.of());
        } catch (IOException e) {
            String line =
                    "step %,d could not be saved (%s): give %s room and rights; the same command then goes on from the checkpoint before"
                            .formatted(step, e, folder);
            log.println(line); // after a signal nobody may be left to tell
            throw new IOException(line, e);
        }
    }

    /**
     * Running means and the rate since this process began; one line every {@link #REPORT_EVERY}.
     */
    private final class Progress {
        private final long first;
        private final long began = System.nanoTime();
        private long reported = began;
        private double[] means;
        private long added;

        Progress(long first) {
            this.first = first;
        }

        void add(float[] metrics) {
            if (means == null) {
                means = new double[metrics.length];
            }
            added++;
            for (int i = 0; i < means.length; i++) {
                means[i] += (metrics[i] - means[i]) / Math.min(added, MEAN_OF);
            }
            if (!Float.isFinite(metrics[0])) {
                throw new IllegalStateException(
                        "the loss is "
                                + metrics[0]
                                + "; lower --learning-rate and start again from the last checkpoint");
            }
        }

        void report(long step) {
            long now = System.nanoTime();
            if (now - reported < REPORT_EVERY.toNanos() && step < plan.steps) {
                return;
            }
            reported = now;
            double perSecond = (step - first) / ((now - began) / 1e9);
            Duration left = Duration.ofSeconds((long) ((plan.steps - step) / perSecond));
            StringBuilder line = new StringBuilder("step %,d of %,d".formatted(step, plan.steps));
            for (int i = 0; i < means.length; i++) {
                line.append("  %s %.4f".formatted(trainee.metrics().get(i), means[i]));
            }
            line.append(
                    "  %.0f %s/s  %d:%02d:%02d left"
                            .formatted(
                                    perSecond * trainee.unitsPerStep(),
                                    trainee.unit(),
                                    left.toHours(),
                                    left.toMinutesPart(),
                                    left.toSecondsPart()));
            log.println(line);
        }
    }
}
