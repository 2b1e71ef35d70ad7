package dev.nocturne.ingest.job;

/**
 * What is left of a job, in candidates.
 *
 * @param inFlight released, without a result; of a job that came through Kafka its requests
 * @param held to be released when the job may run
 * @param isDrawn false if another job has drawn them
 */
public record WorkLeft(String job, long inFlight, long held, boolean isDrawn, Schedule schedule) {

    /** Of one that has been started, and neither stopped nor ended. */
    public static WorkLeft of(JobState job) {
        long held = job.released() == null ? 0 : job.released().getHeldCandidates();
        long all = job.isDispatched() ? Math.round(job.work().candidates()) : job.open();
        return new WorkLeft(job.id(), all - held, held, job.isDrawn(), job.schedule());
    }
}
