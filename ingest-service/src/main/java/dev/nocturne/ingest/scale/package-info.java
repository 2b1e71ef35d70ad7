/**
 * How many workers each service should have, for whoever starts and stops them. Every judgement is
 * a numbered rule of {@link dev.nocturne.ingest.scale.ScaleRules}. Touches {@code job}, for the
 * work that is left, and {@code lag}, for where it waits.
 */
package dev.nocturne.ingest.scale;
