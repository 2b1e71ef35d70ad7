package dev.nocturne.ingest.job;

import java.time.Instant;

/**
 * A request that is released and has no result yet.
 *
 * @param candidates that it asks for
 * @param since null if an earlier process released it, or it is not drawn
 */
public record RequestInFlight(int candidates, Instant since) {}
