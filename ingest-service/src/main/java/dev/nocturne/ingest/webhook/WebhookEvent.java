package dev.nocturne.ingest.webhook;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.ingest.job.Batch;
import java.time.Instant;
import java.util.Locale;

/**
 * The body of a webhook.
 *
 * @param id the same whenever the event is sent
 * @param type {@code batch.completed}, {@code batch.failed}, {@code batch.expired} or {@code
 *     batch.cancelled}
 * @param createdAt Unix seconds of the batch's end
 */
@JsonNaming(SnakeCaseStrategy.class)
public record WebhookEvent(String object, String id, String type, long createdAt, Data data) {

    static WebhookEvent of(Batch batch, Instant at) {
        String status = batch.status().name().toLowerCase(Locale.ROOT);
        return new WebhookEvent(
                "event",
                "evt_%s_%s".formatted(batch.id(), status),
                "batch." + status,
                at.getEpochSecond(),
                new Data(batch.id(), batch.requestCounts()));
    }

    /**
     * @param id of the batch
     * @param requestCounts not OpenAI's
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Data(String id, Batch.Counts requestCounts) {}
}
