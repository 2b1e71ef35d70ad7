package dev.nocturne.training.loop;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.program.TorchProgram;
import java.awt.image.BufferedImage;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** What one model brings to the common training loop. */
public interface Trainee extends AutoCloseable {
    /** The program whose {@code train_step} is called; closed with the trainee. */
    TorchProgram program();

    /** Every weight of the program by name, to start from. */
    Map<String, Safetensors.Tensor> initialWeights(RandomGenerator random);

    /** Whether a weight is trained; others stay as they are. */
    default boolean trains(String weight) {
        return true;
    }

    /** Draws the batch of a step. Called by several threads at once, ahead of that step. */
    Object draw(long step, RandomGenerator random);

    /** The drawn batch as the last arguments of {@code train_step}, owned by {@code scope}. */
    NDList arguments(Object drawn, NDManager scope);

    /**
     * Called before the given step is made, with the state that it will change.
     *
     * @return what it did, for the log, if anything
     */
    default Optional<String> before(long step, TrainingState state) {
        return Optional.empty();
    }

    /** The {@code hyperparameters} of {@code train_step} before the given step, in its order. */
    float[] hyperparameters(long step);

    /** What the first metric means at the given step; in another phase it may be any number. */
    default int phase(long step) {
        return 0;
    }

    /** Names of the numbers that {@code train_step} returns, in its order. */
    List<String> metrics();

    /** What one step trains on, for the rate: "pictures" or "tokens", and how many. */
    String unit();

    int unitsPerStep();

    /**
     * Measures the averaged weights on the validation split; a line for the log and a picture to
     * look at. Empty while there is nothing to measure.
     *
     * @param step steps made so far
     */
    Optional<Measured> evaluate(long step, Map<String, Safetensors.Tensor> weights);

    /**
     * @param heldOut what was measured, by name; what is also a metric of training has its name
     */
    record Measured(String summary, Map<String, Double> heldOut, BufferedImage picture) {
        /** In the order of their names: what is written of them is the same every time. */
        public Measured {
            heldOut = Collections.unmodifiableMap(new TreeMap<>(heldOut));
        }
    }

    @Override
    void close();
}
