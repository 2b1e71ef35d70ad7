package dev.nocturne.ingest.api;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.Replay;
import dev.nocturne.ingest.file.ExpiresAfter;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobWindow;
import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.schemas.SeedSchemes;

/**
 * What a job hands on to those that are made of what it has left: what is made of its pictures is
 * made of theirs.
 *
 * @param window null: all hours
 * @param webdataset whether pictures are packed into archives, too
 * @param outputExpiresAfter of the files of its answers; null: they stay
 * @param rerank null for a job that is drawn
 * @param seedScheme what is painted later has the pictures that it would have had at once
 */
record Inheritance(
        JobWindow window,
        boolean webdataset,
        ExpiresAfter outputExpiresAfter,
        Replay rerank,
        int seedScheme) {

    private static final Inheritance OF_CAPTIONS_IN_KAFKA =
            new Inheritance(null, false, null, null, SeedSchemes.FIRST_IS_OWN);

    static Inheritance of(JobState job) {
        JobCreated created = job.created();
        if (created == null) {
            return OF_CAPTIONS_IN_KAFKA;
        }
        Long seconds = created.getOutputExpiresAfterSeconds();
        return new Inheritance(
                job.schedule().window(),
                created.getWebdataset(),
                seconds == null ? null : new ExpiresAfter(seconds),
                created.getReplay(),
                created.getSeedScheme());
    }

    /** Of a job that is to be drawn in the same hours. */
    Schedule schedule() {
        return new Schedule(null, window, null);
    }
}
