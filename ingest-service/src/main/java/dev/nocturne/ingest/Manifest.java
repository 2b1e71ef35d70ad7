package dev.nocturne.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/**
 * The last object of a job: its presence in the bucket says that the job is complete. Made of the
 * job's events alone, so that writing it again writes the same bytes.
 *
 * @param requests by custom id
 */
@JsonNaming(SnakeCaseStrategy.class)
record Manifest(
        String id,
        int total,
        int completed,
        int failed,
        Instant submittedAt,
        Instant finishedAt,
        List<RequestResult> requests) {

    static final String CONTENT_TYPE = "application/json";

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .addModule(new JavaTimeModule())
                    .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build();

    static String key(String jobId) {
        return "jobs/%s/manifest.json".formatted(jobId);
    }

    byte[] toJson() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new AssertionError("records of plain values are always JSON", e);
        }
    }

    static Manifest fromJson(byte[] json) throws IOException {
        return JSON.readValue(json, Manifest.class);
    }
}
