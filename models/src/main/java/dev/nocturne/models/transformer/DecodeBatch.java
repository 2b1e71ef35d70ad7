package dev.nocturne.models.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Candidates that are drawn together, and what a program is told of them.
 *
 * @param candidates as many as the program has rows for them, the last one perhaps several times
 * @param count how many of them are asked for, from the first on
 * @param guided all of them are, or none: guided ones take two rows
 * @param previews of those that are asked for
 */
record DecodeBatch(
        List<Candidate> candidates, int count, boolean guided, Previews previews, int gridSize) {
    /**
     * Below it logits, also guided ones, divided by the temperature may be more than a float holds.
     * Long before, nothing but the likeliest token is drawn.
     */
    private static final double COLDEST = 1e-30;

    /** Filled up with copies of the last candidate to so many. */
    static DecodeBatch of(
            List<Candidate> asked, int size, boolean guided, List<Preview> previews, int gridSize) {
        List<Candidate> candidates = new ArrayList<>(asked);
        candidates.addAll(Collections.nCopies(size - asked.size(), asked.get(asked.size() - 1)));
        return new DecodeBatch(
                candidates,
                asked.size(),
                guided,
                new Previews(asked, previews, gridSize),
                gridSize);
    }

    int size() {
        return candidates.size();
    }

    /** Tokens of a grid. */
    int length() {
        return gridSize * gridSize;
    }

    /** The text of each row: the candidates', then none for each if they are guided. */
    List<int[]> texts() {
        List<int[]> texts =
                new ArrayList<>(candidates.stream().map(Candidate::textTokens).toList());
        if (guided) {
            texts.addAll(Collections.nCopies(candidates.size(), new int[0]));
        }
        return texts;
    }

    /** {@code [size, 4]}: temperature, top-k, top-p and guidance of each candidate. */
    IValue sampling(PtNDManager scope) {
        float[] values = new float[size() * 4];
        for (int row = 0; row < size(); row++) {
            Sampling sampling = candidates.get(row).sampling();
            boolean isCold = sampling.temperature() < COLDEST;
            int topK = isCold ? 1 : sampling.topK();
            values[4 * row] = isCold ? 1 : (float) sampling.temperature();
            values[4 * row + 1] = topK == 0 ? Float.POSITIVE_INFINITY : topK;
            // above every cumulative sum, rounding included; and never 0, below the likeliest one's
            values[4 * row + 2] =
                    sampling.topP() == 1 ? 2 : Math.max((float) sampling.topP(), Float.MIN_NORMAL);
            values[4 * row + 3] = (float) sampling.guidance();
        }
        return IValue.from((PtNDArray) scope.create(values, new Shape(size(), 4)));
    }

    /** {@code [size, positions]}: the random numbers of the positions from {@code start} on. */
    IValue uniforms(int start, int positions, PtNDManager scope) {
        float[] values = new float[size() * positions];
        for (int row = 0; row < size(); row++) {
            long seed = candidates.get(row).seed();
            for (int i = 0; i < positions; i++) {
                values[row * positions + i] = CounterRandom.uniform(seed, start + i);
            }
        }
        return IValue.from((PtNDArray) scope.create(values, new Shape(size(), positions)));
    }

    /**
     * {@code [size, positions]}: the given tokens of the positions from {@code start} on.
     *
     * @throws IllegalArgumentException if a candidate has more than a grid
     */
    IValue primed(int start, int positions, PtNDManager scope) {
        long[] values = new long[size() * positions];
        for (int row = 0; row < size(); row++) {
            int[] given = candidates.get(row).primedTokens();
            if (given.length > length()) {
                throw new IllegalArgumentException(
                        given.length + " primed tokens; a grid has " + length());
            }
            for (int i = 0; i < positions; i++) {
                values[row * positions + i] =
                        start + i < given.length ? given[start + i] : PrimedTokens.DRAWN;
            }
        }
        return IValue.from((PtNDArray) scope.create(values, new Shape(size(), positions)));
    }

    /** Shows what is due when so many positions of every grid are drawn. */
    void show(int position, IValue state, PtNDManager scope) {
        if (previews.areDueAt(position)) {
            previews.show(position, tokens(state, scope));
        }
    }

    /** What was asked for, from the finished state of a program. */
    List<DrawnCandidate> results(IValue state, PtNDManager scope) {
        long[] tokens = tokens(state, scope);
        double[] logProbabilities = entry(state, "log_probability", scope).toDoubleArray();
        List<DrawnCandidate> drawn = new ArrayList<>(count);
        for (int row = 0; row < count; row++) {
            int[] grid =
                    Arrays.stream(tokens, row * length(), (row + 1) * length())
                            .mapToInt(Math::toIntExact)
                            .toArray();
            drawn.add(
                    new DrawnCandidate(
                            new TokenGrid(gridSize, gridSize, grid), logProbabilities[row]));
        }
        return drawn;
    }

    /** {@code [size, length]}, as far as they are drawn; a program may keep more behind them. */
    private long[] tokens(IValue state, PtNDManager scope) {
        long[] kept = entry(state, "tokens", scope).toLongArray();
        int stride = kept.length / size();
        long[] tokens = new long[size() * length()];
        for (int row = 0; row < size(); row++) {
            System.arraycopy(kept, row * stride, tokens, row * length(), length());
        }
        return tokens;
    }

    private static NDArray entry(IValue state, String name, PtNDManager scope) {
        Map<String, IValue> entries = state.toIValueMap();
        try {
            return entries.get(name).toTensor(scope);
        } finally {
            entries.values().forEach(IValue::close);
        }
    }
}
