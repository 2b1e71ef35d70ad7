package dev.nocturne.ingest.webhook;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;

/** What is counted of webhooks, whoever has posted them in this process. Thread-safe. */
public final class WebhookMeters {

    private final AtomicInteger pending = new AtomicInteger();
    private final Counter delivered;
    private final Counter failed;
    private final Counter givenUp;

    public WebhookMeters(MeterRegistry meters) {
        delivered = attempts(meters, "delivered");
        failed = attempts(meters, "failed");
        givenUp = attempts(meters, "given_up");
        Gauge.builder("nocturne.webhook.pending", pending, AtomicInteger::get)
                .description("ends of batches that are not told yet")
                .register(meters);
    }

    private static Counter attempts(MeterRegistry meters, String outcome) {
        return Counter.builder("nocturne.webhook.attempts")
                .description("attempts to tell the end of a batch")
                .tag("outcome", outcome)
                .register(meters);
    }

    void pending(int count) {
        pending.set(count);
    }

    void delivered() {
        delivered.increment();
    }

    void failed() {
        failed.increment();
    }

    void givenUp() {
        givenUp.increment();
    }
}
