package dev.nocturne.ingest;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** The system's, as much ahead of it as a test says. */
public class MovableClock extends Clock {
    public volatile Duration ahead = Duration.ZERO;

    /** Runs on from there. */
    public void set(String instant) {
        ahead = Duration.between(Instant.now(), Instant.parse(instant));
    }

    @Override
    public Instant instant() {
        return Instant.now().plus(ahead);
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException();
    }
}
