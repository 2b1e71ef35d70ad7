package dev.nocturne.standalone.plan;

import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.standalone.simulation.OpenHours;
import java.time.Duration;
import java.time.Instant;

/**
 * The hours of a job's schedule, in seconds since its start.
 *
 * @param start in whole milliseconds
 */
record JobHours(Schedule schedule, Instant start) implements OpenHours {

    @Override
    public double opening(double at) {
        Instant opening = schedule.opening(instant(at));
        return opening.equals(instant(at)) ? at : seconds(opening);
    }

    @Override
    public double closing(double at) {
        Instant closing = schedule.closing(instant(at));
        return closing.equals(Instant.MAX) ? Double.POSITIVE_INFINITY : seconds(closing);
    }

    /** To the millisecond. */
    Instant instant(double seconds) {
        return start.plusMillis(Math.round(seconds * 1000));
    }

    double seconds(Instant at) {
        return Duration.between(start, at).toMillis() / 1000.0;
    }
}
