package dev.nocturne.training.recipe;

import dev.nocturne.training.loop.Rehearsal;
import dev.nocturne.training.loop.TrainingLoop;
import java.io.PrintStream;
import java.time.Duration;

/**
 * What a training would take, in words.
 *
 * @param pictures to learn from; {@link Long#MAX_VALUE} if no two visits are alike
 */
record Forecast(
        String part, Rehearsal rehearsal, TrainingLoop.Plan plan, int batch, long pictures) {

    /** What is held out got worse from there on in the training of a transformer on the art. */
    private static final int BY_HEART_VISITS = 12;

    void print(PrintStream log) {
        log.printf(
                "%s: %,d parameters%s; training holds %.1f GB of memory%n",
                part,
                rehearsal.parameters(),
                rehearsal.trained() == rehearsal.parameters()
                        ? ""
                        : ", of which %,d are trained".formatted(rehearsal.trained()),
                rehearsal.memoryBytes() / 1e9);
        log.printf(
                "%,d steps of %,d pictures, %.2f s each, and a measurement of %.0f s every %,d: %s on this machine%n",
                plan.steps(),
                batch,
                rehearsal.step().toMillis() / 1e3,
                rehearsal.measurement().toMillis() / 1e3,
                plan.evaluateEvery(),
                hours(rehearsal.of(plan)));
        if (pictures == Long.MAX_VALUE) {
            return;
        }
        double visits = (double) plan.steps() * batch / pictures;
        log.printf("%,d pictures, each seen %,.1f times%n", pictures, visits);
        if (part.equals("transformer") && visits > BY_HEART_VISITS) {
            log.printf(
                    "that is often enough to learn them by heart: what the shipped art holds out was drawn best after %d visits; %,d steps are as many%n",
                    BY_HEART_VISITS, BY_HEART_VISITS * pictures / batch);
        }
    }

    private static String hours(Duration time) {
        return time.toMinutes() < 2
                ? time.toSeconds() + " seconds"
                : "%d h %d min".formatted(time.toHours(), time.toMinutesPart());
    }
}
