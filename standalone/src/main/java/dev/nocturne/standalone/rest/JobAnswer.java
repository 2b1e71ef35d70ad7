package dev.nocturne.standalone.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Set;

/** A job as the REST API tells it. What the service does not tell is null or 0. */
public record JobAnswer(JsonNode json) {
    private static final Set<String> DONE = Set.of("completed", "failed", "expired", "cancelled");

    /**
     * @throws CommandFailure if it is no job
     */
    public JobAnswer {
        if (!json.path("id").isTextual() || !json.path("status").isTextual()) {
            throw new CommandFailure(
                    "the answer is no job: check that --url names an ingest-service");
        }
    }

    /**
     * @throws CommandFailure if there is no such job, or as {@link RestClient#get}
     */
    public static JobAnswer get(RestClient rest, String jobId)
            throws IOException, InterruptedException {
        return new JobAnswer(rest.get("/v1/jobs/" + RestClient.segment(jobId), JsonNode.class));
    }

    public String id() {
        return json.path("id").asText();
    }

    public String status() {
        return json.path("status").asText();
    }

    public boolean isDone() {
        return DONE.contains(status());
    }

    public boolean allCompleted() {
        return status().equals("completed") && count("completed") == count("total");
    }

    /**
     * @param name one of the fields of {@code counts}
     */
    public int count(String name) {
        return json.path("counts").path(name).asInt();
    }

    public int finished() {
        return count("total") - count("in_progress");
    }

    public double ratePerSecond() {
        return json.path("rate_per_second").asDouble();
    }

    public Double etaSeconds() {
        JsonNode eta = json.path("eta_seconds");
        return eta.isNumber() ? (Double) eta.doubleValue() : null;
    }

    public Instant finishedAt() {
        return instant(json.path("finished_at"));
    }

    Instant earliestFinish() {
        return instant(json.path("estimated_finish").path("earliest"));
    }

    public Instant latestFinish() {
        return instant(json.path("estimated_finish").path("latest"));
    }

    public Instant deadline() {
        return instant(json.path("deadline"));
    }

    public boolean deadlineAtRisk() {
        return json.path("deadline_at_risk").asBoolean();
    }

    public String waitingFor() {
        return json.path("waiting_for").asText(null);
    }

    private static Instant instant(JsonNode text) {
        try {
            return text.isTextual() ? Instant.parse(text.textValue()) : null;
        } catch (DateTimeException e) {
            return null; // a service of another time
        }
    }
}
