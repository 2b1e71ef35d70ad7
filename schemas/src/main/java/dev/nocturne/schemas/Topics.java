package dev.nocturne.schemas;

import static dev.nocturne.schemas.Topic.Key.JOB;
import static dev.nocturne.schemas.Topic.Key.REQUEST;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The topic catalogue, in the order in which a request passes through it. */
public final class Topics {

    private static final int PARTITIONS = 6;
    private static final Optional<Duration> WEEK = Optional.of(Duration.ofDays(7));

    /** The state of every job is rebuilt from its events and results, so they stay. */
    private static final Optional<Duration> UNLIMITED = Optional.empty();

    public static final Topic<JobSubmitted> JOBS =
            new Topic<>("jobs", JobSubmitted.class, JOB, 1, UNLIMITED);
    public static final Topic<JobEvent> JOB_EVENTS =
            new Topic<>("job-events", JobEvent.class, JOB, 1, UNLIMITED);
    public static final Topic<CaptionSubmitted> CAPTIONS =
            new Topic<>("captions", CaptionSubmitted.class, REQUEST, PARTITIONS, WEEK);
    public static final Topic<GenerationRequested> GENERATION_TASKS =
            new Topic<>("generation-tasks", GenerationRequested.class, REQUEST, PARTITIONS, WEEK);
    public static final Topic<GridsDrawn> TOKEN_GRIDS =
            new Topic<>("token-grids", GridsDrawn.class, REQUEST, PARTITIONS, WEEK);
    public static final Topic<GridsScored> SCORED_GRIDS =
            new Topic<>("scored-grids", GridsScored.class, REQUEST, PARTITIONS, WEEK);
    public static final Topic<CandidatesRanked> SELECTIONS =
            new Topic<>("selections", CandidatesRanked.class, REQUEST, PARTITIONS, WEEK);
    public static final Topic<RequestFinished> RESULTS =
            new Topic<>("results", RequestFinished.class, REQUEST, PARTITIONS, UNLIMITED);

    /** Records no stage could process: their bytes as they came, with the reason in headers. */
    public static final Topic<byte[]> DEAD_LETTERS =
            new Topic<>("dead-letters", byte[].class, REQUEST, 1, WEEK);

    public static final List<Topic<?>> ALL =
            List.of(
                    JOBS,
                    JOB_EVENTS,
                    CAPTIONS,
                    GENERATION_TASKS,
                    TOKEN_GRIDS,
                    SCORED_GRIDS,
                    SELECTIONS,
                    RESULTS,
                    DEAD_LETTERS);

    private Topics() {}
}
