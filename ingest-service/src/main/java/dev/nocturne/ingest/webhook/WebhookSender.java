package dev.nocturne.ingest.webhook;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.runtime.FatalException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Posts events to the one address, signed as the Standard Webhooks specification says. */
final class WebhookSender {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final String HMAC = "HmacSHA256";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final URI address;
    private final byte[] key;
    private final Clock clock;
    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1) // no receiver has to know an upgrade
                    .connectTimeout(CONNECT_TIMEOUT)
                    .build();

    /**
     * @throws FatalException if the settings are wrong
     */
    WebhookSender(WebhookSettings settings, Clock clock) {
        this.address = settings.address();
        this.key = settings.key();
        this.clock = clock;
    }

    /** Whatever else is in an address may be secret. */
    String shown() {
        return "%s://%s".formatted(address.getScheme(), address.getRawAuthority());
    }

    /**
     * @param patience with the receiver
     * @return the status of the answer
     * @throws IOException if there is none in time
     */
    int post(WebhookEvent event, Duration patience) throws IOException, InterruptedException {
        byte[] body = JSON.writeValueAsBytes(event);
        long timestamp = clock.instant().getEpochSecond(); // of the attempt: old ones are refused
        HttpRequest request =
                HttpRequest.newBuilder(address)
                        .timeout(patience)
                        .header("Content-Type", "application/json")
                        .header("webhook-id", event.id())
                        .header("webhook-timestamp", Long.toString(timestamp))
                        .header("webhook-signature", signature(key, event.id(), timestamp, body))
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build();
        HttpResponse<InputStream> answer =
                http.send(request, HttpResponse.BodyHandlers.ofInputStream());
        answer.body().close(); // the status says all, and the end of the body may never come
        return answer.statusCode();
    }

    /** Of {@code id.timestamp.body}, see the Standard Webhooks specification, signature scheme. */
    static String signature(byte[] key, String id, long timestamp, byte[] body) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(key, HMAC));
            mac.update("%s.%d.".formatted(id, timestamp).getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java platform has HMAC-SHA256", e);
        }
    }
}
