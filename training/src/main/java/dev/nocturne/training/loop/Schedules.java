package dev.nocturne.training.loop;

/** Values that move during training, as functions of the step. */
public final class Schedules {
    private static final long WARM_UP = 200;

    private Schedules() {}

    /**
     * From {@code from} to {@code to} along half a cosine over {@code length} steps, then constant.
     */
    public static double cosine(double from, double to, double step, double length) {
        double progress = Math.min(1, step / length);
        return to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * progress));
    }

    /**
     * Linear warm-up to {@code peak} over 200 steps, or a tenth of them if that is less, then half
     * a cosine down to a fiftieth of it at the last step.
     */
    public static double warmUpCosine(double peak, long step, long steps) {
        long warmUp = Math.max(1, Math.min(WARM_UP, steps / 10));
        return step < warmUp
                ? peak * (step + 1) / warmUp
                : cosine(peak, peak / 50, step - warmUp, Math.max(1, steps - warmUp));
    }
}
