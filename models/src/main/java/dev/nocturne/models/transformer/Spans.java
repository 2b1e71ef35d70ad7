package dev.nocturne.models.transformer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How many positions a pass of {@link SpeculativeDecoding} runs. More of them need fewer passes,
 * and each takes longer: what pays depends on the processor, on the rows of a batch, and on how
 * often the model's tokens can be guessed. So the first batches of each number of rows try each
 * span, and later ones take the fastest.
 */
public final class Spans {
    /** What is tried, beginning with what is best most often. */
    private static final List<Integer> TRIED = List.of(4, 8, 2, 1, 16);

    /** The first batch of a span also prepares kernels for its shapes. */
    private static final int ROUNDS = 2;

    private final List<Integer> tried;
    private final Map<Integer, Map<Integer, Trial>> trials = new HashMap<>();

    private record Trial(int begun, long fastest) {
        static final Trial NONE = new Trial(0, Long.MAX_VALUE);
    }

    private Spans(List<Integer> tried) {
        this.tried = tried;
    }

    /** The fastest one, by measurement. */
    public static Spans measured() {
        return new Spans(TRIED);
    }

    /** Always the same one; 1 draws position by position. */
    public static Spans of(int span) {
        return new Spans(List.of(span));
    }

    synchronized int next(int rows) {
        Map<Integer, Trial> ofRows = trials.computeIfAbsent(rows, key -> new HashMap<>());
        for (int round = 0; round < ROUNDS; round++) {
            for (int span : tried) {
                Trial trial = ofRows.getOrDefault(span, Trial.NONE);
                if (trial.begun <= round) {
                    ofRows.put(span, new Trial(trial.begun + 1, trial.fastest));
                    return span;
                }
            }
        }
        return ofRows.entrySet().stream()
                .min((a, b) -> Long.compare(a.getValue().fastest, b.getValue().fastest))
                .orElseThrow()
                .getKey();
    }

    synchronized void took(int rows, int span, long nanos) {
        trials.get(rows)
                .computeIfPresent(
                        span,
                        (key, trial) -> new Trial(trial.begun, Math.min(trial.fastest, nanos)));
    }
}
