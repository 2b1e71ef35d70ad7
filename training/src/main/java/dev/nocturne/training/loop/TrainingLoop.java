package dev.nocturne.training.loop;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.nocturne.models.format.Safetensors;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;

/**
 * Trains one model: steps, progress, checkpoints and pictures, until the last step or a signal. The
 * same call on the same folder goes on where the last one stopped. What happens in a step depends
 * on the state before it, the seed and the step's number alone.
 *
 * <p>The folder holds {@code checkpoint.safetensors}, {@code weights.safetensors} (the average, for
 * use), {@code losses.jsonl}, {@code tensorboard} and the pictures.
 */
public final class TrainingLoop {
    /**
     * Held-out losses above training's by this share, and by this much, tell of learning by heart.
     */
    private static final double BY_HEART_SHARE = 1.3;

    private static final double BY_HEART_NATS = 0.3;

    /** How long steps are made for a {@link Rehearsal}, and how many: the first is slow. */
    private static final Duration REHEARSAL = Duration.ofSeconds(20);

    private static final int LEAST_STEPS = 3;
    private static final int MOST_STEPS = 20;

    private final Trainee trainee;
    private final Path folder;
    private final Plan plan;
    private final PrintStream log;
    private final Checkpoints checkpoints;
    private final Divergence divergence = new Divergence();
    private final Map<String, Double> heldOut = new LinkedHashMap<>();
    private long checkpointed;

    /**
     * How long to train.
     *
     * @param evaluateEvery in steps
     * @param checkpointEvery the time between checkpoints, at least
     * @param keep checkpoints that are kept, at least 1
     */
    public record Plan(
            long steps, long evaluateEvery, long seed, Duration checkpointEvery, int keep) {}

    public TrainingLoop(Trainee trainee, Path folder, Plan plan, PrintStream log) {
        this.trainee = trainee;
        this.folder = folder;
        this.plan = plan;
        this.log = log;
        this.checkpoints = new Checkpoints(folder, plan.keep);
    }

    /**
     * @return whether the last step was reached (else a signal asked to stop)
     * @throws IOException if the loss has gone astray, memory is short, or a state cannot be saved:
     *     one line that says what to try
     */
    public boolean run() throws IOException {
        Files.createDirectories(folder);
        TrainingState state = state();
        checkpointed = state.steps();
        if (checkpointed > 0) {
            log.printf("going on from step %,d of %,d in %s%n", checkpointed, plan.steps, folder);
        }
        try (StopSignal signal = StopSignal.install();
                RunRecord record = new RunRecord(trainee, folder, checkpointed, plan.steps, log)) {
            long reached = train(state, record, signal);
            signal.saved();
            boolean finished = reached == plan.steps;
            log.printf(
                    "%s at step %,d; weights in %s%n",
                    finished ? "finished" : "stopped",
                    reached,
                    folder.resolve("weights.safetensors"));
            byHeart(record).ifPresent(log::println);
            return finished;
        }
    }

    private TrainingState state() throws IOException {
        NDManager manager = trainee.program().manager();
        Map<String, Safetensors.Tensor> weights =
                trainee.initialWeights(new SplittableRandom(plan.seed));
        if (!Files.exists(checkpoints.newest())) {
            return TrainingState.of(manager, weights, trainee::trains);
        }
        TrainingState state = TrainingState.load(manager, checkpoints.newest());
        if (!state.isOf(weights, trainee::trains)) {
            throw new IOException(
                    "%s is of a training of other sizes or other weights: give the options that it began with, or delete %s to begin anew"
                            .formatted(checkpoints.newest(), folder));
        }
        return state;
    }

    /**
     * Makes a few steps and one measurement, and keeps nothing of them.
     *
     * @throws IOException if memory is short
     */
    public Rehearsal rehearse() throws IOException {
        PeakMemory.reset();
        Map<String, Safetensors.Tensor> weights =
                trainee.initialWeights(new SplittableRandom(plan.seed));
        TrainingState state =
                TrainingState.of(trainee.program().manager(), weights, trainee::trains);
        Ahead ahead = new Ahead(0);
        List<Long> nanos = new ArrayList<>();
        long end = System.nanoTime() + REHEARSAL.toNanos();
        for (long step = 0;
                step < LEAST_STEPS || step < MOST_STEPS && System.nanoTime() < end;
                step++) {
            long start = System.nanoTime();
            trainee.before(step, state);
            step(state, ahead.next(), step);
            nanos.add(System.nanoTime() - start);
        }
        long start = System.nanoTime();
        trainee.evaluate(nanos.size(), state.averaged());
        long measuring = System.nanoTime() - start;
        nanos.sort(null);
        return new Rehearsal(
                parameters(weights, name -> true),
                parameters(weights, trainee::trains),
                Duration.ofNanos(nanos.get(nanos.size() / 2)),
                Duration.ofNanos(measuring),
                PeakMemory.bytes());
    }

    private static long parameters(
            Map<String, Safetensors.Tensor> weights, Predicate<String> counted) {
        return weights.entrySet().stream()
                .filter(weight -> counted.test(weight.getKey()))
                .mapToLong(weight -> weight.getValue().data().length)
                .sum();
    }

    private long train(TrainingState state, RunRecord record, StopSignal signal)
            throws IOException {
        long saved = System.nanoTime();
        long step = state.steps();
        Ahead ahead = new Ahead(step);
        while (step < plan.steps && !signal.stopRequested()) {
            Object drawn = ahead.next();
            trainee.before(step, state).ifPresent(log::println);
            float[] metrics = step(state, drawn, step);
            divergence.add(step + 1, trainee.phase(step), metrics[0]);
            step++;
            record.add(step, metrics);
            requireSane(step);
            if (step % plan.evaluateEvery == 0 || step == plan.steps) {
                evaluate(state, record, step);
            }
            record.report(step);
            boolean due = System.nanoTime() - saved > plan.checkpointEvery.toNanos();
            if (due && !divergence.isRising()) {
                save(state, record, step);
                saved = System.nanoTime();
            }
        }
        save(state, record, step);
        return step;
    }

    /** Draws batches before their turn: a GPU makes a step in less time than one is drawn in. */
    private final class Ahead {
        private final Queue<CompletableFuture<Object>> drawing = new ArrayDeque<>();
        private long step;

        Ahead(long first) {
            step = first;
            int lead = Runtime.getRuntime().availableProcessors();
            LongStream.range(0, lead).forEach(i -> begin());
        }

        private void begin() {
            long number = step++;
            drawing.add(
                    CompletableFuture.supplyAsync(
                            () -> trainee.draw(number, new SplittableRandom(stepSeed(number)))));
        }

        /** The batch of the next step. */
        Object next() throws IOException {
            begin();
            try {
                return drawing.remove().join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof UncheckedIOException unread) {
                    throw unread.getCause();
                }
                throw e;
            }
        }
    }

    private long stepSeed(long step) {
        return plan.seed * 1_000_003 + step;
    }

    private float[] step(TrainingState state, Object drawn, long step) throws IOException {
        NDManager manager = trainee.program().manager();
        // dropout and noise are drawn within the step
        manager.getEngine().setRandomSeed((int) stepSeed(step));
        try (NDManager scope = manager.newSubManager()) {
            NDList arguments = state.arguments();
            arguments.add(scope.create(trainee.hyperparameters(step)));
            arguments.addAll(trainee.arguments(drawn, scope));
            NDArray metrics = trainee.program().train("train_step", arguments);
            metrics.attach(scope);
            return metrics.toFloatArray();
        } catch (EngineException e) {
            if (String.valueOf(e.getMessage()).matches("(?s).*(out of memory|allocate memory).*")) {
                throw new IOException(
                        "a step needs more memory than there is: halve --batch, or, except for the upscaler, give --accumulate 2, which computes the same batch in two parts (docs/training.md)",
                        e);
            }
            throw e;
        }
    }

    private void requireSane(long step) throws IOException {
        if (divergence.hasDiverged()) {
            throw new IOException(
                    "step %,d: the loss is %s: training has gone astray and is stopped; %s: halve --learning-rate and give the same command again"
                            .formatted(
                                    step,
                                    divergence,
                                    checkpointed == 0
                                            ? "nothing is saved yet"
                                            : "the checkpoint of step %,d is good"
                                                    .formatted(checkpointed)));
        }
    }

    private void evaluate(TrainingState state, RunRecord record, long step) throws IOException {
        Optional<Trainee.Measured> measured = trainee.evaluate(step, state.averaged());
        if (measured.isPresent()) {
            Path picture = folder.resolve("step-%07d.png".formatted(step));
            ImageIO.write(measured.get().picture(), "png", picture.toFile());
            log.printf("step %,d  %s  (%s)%n", step, measured.get().summary(), picture);
            heldOut.putAll(measured.get().heldOut());
            record.heldOut(step, measured.get().heldOut());
        }
    }

    /** A sentence if what is held out is far worse than what was trained on. */
    private Optional<String> byHeart(RunRecord record) {
        return heldOut.entrySet().stream()
                .filter(one -> trainee.metrics().contains(one.getKey()))
                .filter(
                        one ->
                                one.getValue() > BY_HEART_SHARE * record.mean(one.getKey())
                                        && one.getValue()
                                                > BY_HEART_NATS + record.mean(one.getKey()))
                .findFirst()
                .map(
                        one ->
                                "learned by heart: %s is %.2f in training and %.2f held out: it will repeat what it was shown; more pictures or fewer steps help"
                                        .formatted(
                                                one.getKey(),
                                                record.mean(one.getKey()),
                                                one.getValue()));
    }

    private void save(TrainingState state, RunRecord record, long step) throws IOException {
        try {
            record.flush();
            if (step != checkpointed) {
                checkpoints.retire(checkpointed);
            }
            state.save(checkpoints.newest());
            checkpointed = step;
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
}
