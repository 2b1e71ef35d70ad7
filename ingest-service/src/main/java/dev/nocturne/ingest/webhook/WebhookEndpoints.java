package dev.nocturne.ingest.webhook;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.Job;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Where ends of batches are posted, as OpenAI's API shows webhook endpoints: the operator's one
 * address, if it is set. No caller changes it, or this service would post wherever callers say.
 */
public final class WebhookEndpoints {

    /** What an end of a batch is called. */
    public static final List<String> EVENT_TYPES =
            Arrays.stream(Job.Status.values())
                    .filter(Job.Status::isTerminal)
                    .map(status -> "batch." + status.name().toLowerCase(Locale.ROOT))
                    .toList();

    private static final String ID = "webhook_endpoint_nocturne";
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    /**
     * @param createdAt Unix seconds of this service's start
     * @param url without its path, which may be secret
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Endpoint(
            String id,
            String object,
            long createdAt,
            String name,
            String url,
            List<String> eventTypes) {}

    /**
     * @param statusCode of the receiver's answer
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Test(
            String object,
            boolean success,
            String webhookEndpointId,
            String eventType,
            int statusCode) {}

    private final WebhookSettings settings;
    private final Clock clock;
    private final long startedAt;

    public WebhookEndpoints(WebhookSettings settings, Clock clock) {
        this.settings = settings;
        this.clock = clock;
        this.startedAt = clock.instant().getEpochSecond();
    }

    /** One, or none. */
    public List<Endpoint> all() {
        return settings.areNone()
                ? List.of()
                : List.of(
                        new Endpoint(
                                ID,
                                "webhook_endpoint",
                                startedAt,
                                WebhookSettings.URL_VARIABLE,
                                new WebhookSender(settings, clock).shown(),
                                EVENT_TYPES));
    }

    /**
     * @throws IngestException UNKNOWN
     */
    public Endpoint endpoint(String id) {
        return all().stream()
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "id",
                                        "unknown_webhook_endpoint",
                                        "webhook endpoint '%s' is not known: %s and %s set the one there is"
                                                .formatted(
                                                        Excerpt.of(id),
                                                        WebhookSettings.URL_VARIABLE,
                                                        WebhookSettings.SECRET_VARIABLE)));
    }

    /**
     * Posts an event of no batch, once.
     *
     * @throws IngestException UNKNOWN, INVALID if there is no such type, or CONFLICT if nobody
     *     answers
     */
    public Test test(String id, String eventType) {
        endpoint(id);
        if (!EVENT_TYPES.contains(eventType)) {
            throw IngestException.invalid(
                    "event_type",
                    "event_type is '%s': must be one of %s"
                            .formatted(
                                    Excerpt.of(String.valueOf(eventType)),
                                    String.join(", ", EVENT_TYPES)));
        }
        Instant now = clock.instant();
        WebhookEvent event =
                new WebhookEvent(
                        "event",
                        "evt_test_%d".formatted(now.toEpochMilli()),
                        eventType,
                        now.getEpochSecond(),
                        new WebhookEvent.Data("batch_test", new Batch.Counts(0, 0, 0, 0, 0, 0)));
        try {
            int status = new WebhookSender(settings, clock).post(event, PATIENCE);
            return new Test("webhook_endpoint.test", true, id, eventType, status);
        } catch (IOException e) {
            throw IngestException.conflict(
                    "id",
                    "webhook_not_delivered",
                    "the receiver of webhooks does not answer (%s): look whether it runs"
                            .formatted(
                                    e.getMessage() == null
                                            ? e.getClass().getSimpleName()
                                            : Excerpt.of(e.getMessage())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw IngestException.unavailable("closing", e);
        }
    }

    /** What every wish to change them gets. */
    public IngestException refusal() {
        return IngestException.forbidden(
                null,
                "operators_setting",
                "the one webhook endpoint is the operator's: it is set with %s and %s where ingest-service starts"
                        .formatted(WebhookSettings.URL_VARIABLE, WebhookSettings.SECRET_VARIABLE));
    }
}
