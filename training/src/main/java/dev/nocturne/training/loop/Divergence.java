package dev.nocturne.training.loop;

/**
 * Watches a loss: a training whose mean over the last steps is twice its best, or no number, has
 * gone astray and does not come back.
 */
final class Divergence {
    /** Steps in a mean, about; of the first ones, as many as there are. */
    private static final int MEAN_OF = 50;

    private int phase;
    private double mean;
    private double best = Double.POSITIVE_INFINITY;
    private long bestStep;
    private int added;
    private float last;

    /**
     * @param step steps made so far
     * @param phase what the loss means: in another one it is judged anew
     */
    void add(long step, int newPhase, float loss) {
        if (newPhase != phase) {
            phase = newPhase;
            added = 0;
            best = Double.POSITIVE_INFINITY;
        }
        last = loss;
        added++;
        if (added == 1) {
            mean = 0;
        }
        mean += (loss - mean) / Math.min(added, MEAN_OF);
        if (mean < best) {
            best = mean;
            bestStep = step;
        }
    }

    /** Whether it is no number, or as far above its best as that is above 0, and by at least 1. */
    boolean hasDiverged() {
        return !Float.isFinite(last) || mean - best > room();
    }

    /** Whether it is half way there: such a state is not worth a checkpoint. */
    boolean isRising() {
        return !Float.isFinite(last) || mean - best > room() / 2;
    }

    private double room() {
        return Math.max(1, Math.abs(best));
    }

    /** In words: "nan", or "8.12, and was 3.20 at step 500". */
    @Override
    public String toString() {
        return Float.isFinite(last)
                ? "%.2f, and was %.2f at step %,d".formatted(mean, best, bestStep)
                : String.valueOf(last);
    }
}
