package dev.nocturne.training.loop;

import java.time.Duration;

/**
 * What a few steps of a training tell of all of it.
 *
 * @param parameters of the model, with adapters
 * @param trained how many of them are trained
 * @param step the median of those that were made, drawing the batch included where it is waited for
 * @param measurement of what is held out, with its pictures
 * @param memoryBytes as {@link PeakMemory#bytes}
 */
public record Rehearsal(
        long parameters, long trained, Duration step, Duration measurement, long memoryBytes) {

    /** How long a whole training takes on this machine. */
    public Duration of(TrainingLoop.Plan plan) {
        long measurements = (plan.steps() + plan.evaluateEvery() - 1) / plan.evaluateEvery();
        return step.multipliedBy(plan.steps()).plus(measurement.multipliedBy(measurements));
    }
}
