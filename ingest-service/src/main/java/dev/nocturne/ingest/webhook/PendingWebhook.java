package dev.nocturne.ingest.webhook;

import java.time.Instant;

/** The end of a batch that is not told yet. */
final class PendingWebhook {
    final WebhookEvent event;
    final long offset;
    final Instant at;
    int failures;
    Instant dueAt = Instant.MIN;

    PendingWebhook(WebhookEvent event, long offset, Instant at) {
        this.event = event;
        this.offset = offset;
        this.at = at;
    }
}
