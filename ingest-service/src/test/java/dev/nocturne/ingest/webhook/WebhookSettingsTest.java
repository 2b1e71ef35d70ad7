package dev.nocturne.ingest.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.runtime.FatalException;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookSettingsTest {

    private static final String URL = "https://example.com/hook";
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    @Test
    void readsBoth() {
        WebhookSettings settings = new WebhookSettings(URL, " " + SECRET + "\n");
        assertThat(settings.areNone()).isFalse();
        assertThat(settings.address()).hasHost("example.com");
        assertThat(settings.key()).hasSize(24);
        assertThat(settings.toString()).doesNotContain("MfKQ").doesNotContain("example");
    }

    @Test
    void blankIsNone() {
        assertThat(new WebhookSettings(" ", "").areNone()).isTrue();
        assertThat(WebhookSettings.NONE.areNone()).isTrue();
    }

    /** The vector that the Standard Webhooks libraries test themselves with. */
    @Test
    void signsAsTheSpecificationDoes() {
        byte[] key = new WebhookSettings(URL, SECRET).key();
        String signature =
                WebhookSender.signature(
                        key,
                        "msg_p5jXN8AQM9LWM0D4loKWxJek",
                        1614265330,
                        "{\"test\": 2432232314}".getBytes(UTF_8));
        assertThat(signature).isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "example.com/hook",
                "ftp://example.com/hook",
                "https:///hook",
                "https://user:word@example.com/hook",
                "https://exa mple.com",
                "https://example.com:99999/hook",
            })
    void anAddressThatCannotBePostedToIsRefused(String url) {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> new WebhookSettings(url, SECRET).address())
                .withMessage(
                        "NOCTURNE_WEBHOOK_URL cannot be posted to: must be an address like"
                                + " https://example.com/hook, without a user");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La",
            })
    void aSecretThatReceiversWouldNotReadIsRefusedAndNotTold(String secret) {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> new WebhookSettings(URL, secret).key())
                .withMessageStartingWith(
                        "NOCTURNE_WEBHOOK_SECRET is not 'whsec_' and 24 to 64 bytes in base64:"
                                + " make one with ")
                .withMessageNotContaining("MfKQ");
    }

    @Test
    void aSecretIsNotLongerThanTheSpecificationAllows() {
        String secret = "whsec_" + Base64.getEncoder().encodeToString(new byte[65]);
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> new WebhookSettings(URL, secret).key());
    }

    @Test
    void oneWithoutTheOtherIsRefused() {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> new WebhookSettings(URL, "").key())
                .withMessageStartingWith(
                        "NOCTURNE_WEBHOOK_URL is set without NOCTURNE_WEBHOOK_SECRET");
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> new WebhookSettings(null, SECRET).address())
                .withMessage(
                        "NOCTURNE_WEBHOOK_SECRET is set without NOCTURNE_WEBHOOK_URL: set both, or"
                                + " neither");
    }
}
