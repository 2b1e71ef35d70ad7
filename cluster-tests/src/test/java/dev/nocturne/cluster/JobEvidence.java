package dev.nocturne.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.events.RequestFinished;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * All that can be seen of a job from outside, once it is over: what {@link Invariants} judges.
 *
 * @param expected the end of each request, by custom id
 * @param looks the job as the API told it, again and again while it ran, the last one last
 * @param objects what the bucket holds below the job's folder, by name relative to it
 * @param results the job's records on the topic {@code results}, as they are in the log
 * @param resultLines likewise on {@code results.json}
 * @param deadLetters the reason code of each dead letter that came while the job ran
 * @param expectedDeadLetters the reason codes that the scenario itself has caused
 * @param unhealthy what each service that is not ready says
 */
record JobEvidence(
        String jobId,
        Map<String, Expected> expected,
        List<JsonNode> looks,
        SortedMap<String, byte[]> objects,
        List<RequestFinished> results,
        List<JsonNode> resultLines,
        List<String> deadLetters,
        List<String> expectedDeadLetters,
        List<String> unhealthy) {

    /**
     * How a request should end.
     *
     * @param candidates that must be drawn, and {@code top} pictures stored, if it completes
     */
    record Expected(boolean completes, int candidates, int top) {}
}
