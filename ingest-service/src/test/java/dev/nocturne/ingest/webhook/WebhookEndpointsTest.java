package dev.nocturne.ingest.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Receiver;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WebhookEndpointsTest {

    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final WebhookEndpoints NONE =
            new WebhookEndpoints(WebhookSettings.NONE, Clock.systemUTC());

    private static WebhookEndpoints of(Receiver receiver) {
        return new WebhookEndpoints(new WebhookSettings(receiver.url(), SECRET), Clock.systemUTC());
    }

    @Test
    void theOperatorsAddressIsTheOneThereIsAndItsTokenIsNobodysBusiness() throws Exception {
        try (Receiver receiver = new Receiver(0, body -> 204)) {
            WebhookEndpoints.Endpoint endpoint = of(receiver).all().get(0);
            assertThat(of(receiver).endpoint(endpoint.id()).url()).isEqualTo(endpoint.url());
            assertThat(receiver.url()).startsWith(endpoint.url() + "/hook");
            assertThat(endpoint.eventTypes())
                    .containsExactlyInAnyOrder(
                            "batch.completed", "batch.failed", "batch.expired", "batch.cancelled");
        }
        assertThat(NONE.all()).isEmpty();
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> NONE.endpoint("webhook_endpoint_nocturne"))
                .matches(e -> e.kind() == IngestException.Kind.UNKNOWN)
                .withMessageContaining("NOCTURNE_WEBHOOK_URL and NOCTURNE_WEBHOOK_SECRET");
    }

    @Test
    void aTestIsASignedEventAndTellsWhatTheReceiverAnswers() throws Exception {
        try (Receiver receiver = new Receiver(0, body -> 418)) {
            WebhookEndpoints endpoints = of(receiver);
            String id = endpoints.all().get(0).id();
            WebhookEndpoints.Test test = endpoints.test(id, "batch.completed");
            assertThat(test.statusCode()).isEqualTo(418);
            assertThat(test.success()).isTrue();
            Receiver.Delivery delivery = receiver.deliveries().get(0);
            Map<String, String> headers = delivery.headers();
            assertThat(delivery.type()).isEqualTo("batch.completed");
            assertThat(headers.get("webhook-signature"))
                    .isEqualTo(
                            WebhookSender.signature(
                                    new WebhookSettings(receiver.url(), SECRET).key(),
                                    headers.get("webhook-id"),
                                    Long.parseLong(headers.get("webhook-timestamp")),
                                    delivery.body()));
            assertThat(new String(delivery.body(), StandardCharsets.UTF_8)).contains("batch_test");
            assertThatExceptionOfType(IngestException.class)
                    .isThrownBy(() -> endpoints.test(id, "video.completed"))
                    .withMessageContaining(
                            "event_type is 'video.completed': must be one of batch.");
        }
    }

    @Test
    void aReceiverThatIsAwayIsSaidInWords() throws Exception {
        WebhookEndpoints endpoints;
        try (Receiver receiver = new Receiver(0, body -> 204)) {
            endpoints = of(receiver);
        }
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> endpoints.test(endpoints.all().get(0).id(), "batch.completed"))
                .matches(e -> e.kind() == IngestException.Kind.CONFLICT)
                .withMessageContaining("does not answer");
    }
}
