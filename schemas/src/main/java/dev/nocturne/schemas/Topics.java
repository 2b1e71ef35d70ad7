package dev.nocturne.schemas;

import static dev.nocturne.schemas.Topic.Key.JOB;
import static dev.nocturne.schemas.Topic.Key.NONE;
import static dev.nocturne.schemas.Topic.Key.REQUEST;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.events.RequestFinished;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The topic catalogue, in the order in which a request passes through it. */
public final class Topics {

    /** Of each topic that is not in one; an installation may have more or fewer. */
    public static final int PARTITIONS = 6;

    /** Of what is deleted once all have read it; an installation may keep it otherwise. */
    public static final Duration RETENTION = Duration.ofDays(7);

    private static final Optional<Duration> WEEK = Optional.of(RETENTION);

    /** Nobody looks at them any more once the picture is finished. */
    private static final Optional<Duration> MINUTES = Optional.of(Duration.ofMinutes(10));

    /** The brokers delete nothing: ingest-service does, once nobody needs it. */
    private static final Optional<Duration> UNLIMITED = Optional.empty();

    public static final Topic<JobSubmitted> JOBS =
            new Topic<>("jobs", JobSubmitted.class, JOB, 1, UNLIMITED, false);
    public static final Topic<JobEvent> JOB_EVENTS =
            new Topic<>("job-events", JobEvent.class, JOB, 1, UNLIMITED, false);

    /** What is over: it stands for the events and results of jobs that are older than the log. */
    public static final Topic<JobSummary> JOB_SUMMARIES =
            new Topic<>("job-summaries", JobSummary.class, JOB, 1, UNLIMITED, true, false, false);

    /** Which model bundle the pipeline works with: the last record says it. */
    public static final Topic<BundleDeployed> DEPLOYMENTS =
            new Topic<>("deployments", BundleDeployed.class, NONE, 1, UNLIMITED, false);

    public static final Topic<CaptionSubmitted> CAPTIONS =
            lanes("captions", CaptionSubmitted.class);

    /** Captions as anybody can write them: JSON, one object a record, with any key or none. */
    public static final Topic<CaptionSubmitted> CAPTIONS_JSON =
            new Topic<>("captions.json", CaptionSubmitted.class, REQUEST, PARTITIONS, WEEK, false);

    public static final Topic<GenerationRequested> GENERATION_TASKS =
            lanes("generation-tasks", GenerationRequested.class);

    /** A request has several records here, as in the next one, and they are gathered from there. */
    public static final Topic<GridsDrawn> TOKEN_GRIDS =
            lanes("token-grids", GridsDrawn.class).followingInput();

    public static final Topic<GridsScored> SCORED_GRIDS =
            lanes("scored-grids", GridsScored.class).followingInput();

    public static final Topic<CandidatesRanked> SELECTIONS =
            lanes("selections", CandidatesRanked.class);
    public static final Topic<RequestFinished> RESULTS =
            new Topic<>("results", RequestFinished.class, REQUEST, PARTITIONS, UNLIMITED, false);

    /** The same results as anybody can read them: JSON, in the words of {@code output.jsonl}. */
    public static final Topic<RequestFinished> RESULTS_JSON =
            new Topic<>(
                    "results.json", RequestFinished.class, REQUEST, PARTITIONS, UNLIMITED, false);

    /** Likewise, in the framing of a schema registry: made and written only where that is set. */
    public static final Topic<RequestFinished> RESULTS_AVRO =
            new Topic<>(
                    "results.avro", RequestFinished.class, REQUEST, PARTITIONS, UNLIMITED, false);

    /** Beside the way of a request: losing a record of these loses nothing. */
    public static final Topic<GridPartlyDrawn> PARTIAL_GRIDS =
            new Topic<>(
                    "partial-grids", GridPartlyDrawn.class, REQUEST, PARTITIONS, MINUTES, false);

    public static final Topic<PartialImageRendered> PARTIAL_IMAGES =
            new Topic<>("partial-images", PartialImageRendered.class, REQUEST, 1, MINUTES, false);

    /** Records no stage could process: their bytes as they came, with the reason in headers. */
    public static final Topic<byte[]> DEAD_LETTERS =
            new Topic<>("dead-letters", byte[].class, REQUEST, 1, WEEK, false);

    /** Never has a record: whoever is given its partition leads the ingest-services. */
    public static final Topic<byte[]> INGEST_LEADER =
            new Topic<>("ingest-leader", byte[].class, NONE, 1, WEEK, false);

    /** Every topic that is always there. */
    public static final List<Topic<?>> ALL =
            Stream.<Topic<?>>of(
                            JOBS,
                            JOB_EVENTS,
                            JOB_SUMMARIES,
                            DEPLOYMENTS,
                            CAPTIONS,
                            CAPTIONS_JSON,
                            GENERATION_TASKS,
                            TOKEN_GRIDS,
                            SCORED_GRIDS,
                            SELECTIONS,
                            RESULTS,
                            RESULTS_JSON,
                            PARTIAL_GRIDS,
                            PARTIAL_IMAGES,
                            DEAD_LETTERS,
                            INGEST_LEADER)
                    .<Topic<?>>flatMap(topic -> topic.lanes().stream())
                    .toList();

    private Topics() {}

    /** On the way of a request: it goes in its lane from the caption to the winners. */
    private static <T> Topic<T> lanes(String name, Class<T> record) {
        return new Topic<>(name, record, REQUEST, PARTITIONS, WEEK, true);
    }
}
