package dev.nocturne.standalone.simulation;

/**
 * Workers of a stage die, and nobody starts them again.
 *
 * @param stage its name
 * @param atSeconds since the start of the job
 */
public record Loss(String stage, int workers, double atSeconds) {}
