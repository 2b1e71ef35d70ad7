package dev.nocturne.ingest.webhook;

import dev.nocturne.runtime.FatalException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Base64;

/**
 * Where the end of a batch is told, and the secret that signs it.
 *
 * @param url an {@code http} or {@code https} address; null or blank for none
 * @param secret {@code whsec_} and 24 to 64 bytes in base64, as the Standard Webhooks specification
 *     writes secrets; null or blank for none
 */
public record WebhookSettings(String url, String secret) {

    /** No address: nothing is posted. */
    public static final WebhookSettings NONE = new WebhookSettings(null, null);

    public static final String URL_VARIABLE = "NOCTURNE_WEBHOOK_URL";
    public static final String SECRET_VARIABLE = "NOCTURNE_WEBHOOK_SECRET";

    private static final String PREFIX = "whsec_";
    private static final int MIN_SECRET_BYTES = 24;
    private static final int MAX_SECRET_BYTES = 64;
    private static final int MAX_PORT = 65_535;

    public boolean areNone() {
        return isBlank(url) && isBlank(secret);
    }

    private static boolean isBlank(String text) {
        return text == null || text.isBlank();
    }

    /**
     * @throws FatalException if one of them is wrong, unless there are none
     */
    public void check() {
        if (!areNone()) {
            address();
            key();
        }
    }

    /**
     * @throws FatalException if it cannot be posted to
     */
    URI address() {
        if (isBlank(url)) {
            throw new FatalException(
                    "%s is set without %s: set both, or neither"
                            .formatted(SECRET_VARIABLE, URL_VARIABLE));
        }
        try {
            URI address = new URI(url.strip());
            boolean isHttp =
                    "http".equalsIgnoreCase(address.getScheme())
                            || "https".equalsIgnoreCase(address.getScheme());
            if (isHttp
                    && address.getHost() != null
                    && address.getRawUserInfo() == null
                    && address.getPort() <= MAX_PORT) {
                return address;
            }
            throw badAddress();
        } catch (URISyntaxException e) {
            throw badAddress();
        }
    }

    /** What it is may hold a password or a token. */
    private static FatalException badAddress() {
        return new FatalException(
                "%s cannot be posted to: must be an address like https://example.com/hook, without a user"
                        .formatted(URL_VARIABLE));
    }

    /**
     * The bytes of the secret.
     *
     * @throws FatalException if it is missing or none; the message does not tell it
     */
    byte[] key() {
        if (isBlank(secret)) {
            throw new FatalException(
                    "%s is set without %s, and webhooks are signed: %s"
                            .formatted(URL_VARIABLE, SECRET_VARIABLE, remedy()));
        }
        String text = secret.strip();
        try {
            if (text.startsWith(PREFIX)) {
                String base64 = text.substring(PREFIX.length());
                byte[] key = Base64.getDecoder().decode(base64);
                // receivers are stricter than this decoder, which does not miss the padding
                boolean isWhole = Base64.getEncoder().encodeToString(key).equals(base64);
                if (isWhole && key.length >= MIN_SECRET_BYTES && key.length <= MAX_SECRET_BYTES) {
                    return key;
                }
            }
        } catch (IllegalArgumentException e) {
            // not base64: reported like any other misfit
        }
        throw new FatalException(
                "%s is not '%s' and %d to %d bytes in base64: %s"
                        .formatted(
                                SECRET_VARIABLE,
                                PREFIX,
                                MIN_SECRET_BYTES,
                                MAX_SECRET_BYTES,
                                remedy()));
    }

    private static String remedy() {
        return "make one with echo %s$(openssl rand -base64 32)".formatted(PREFIX);
    }

    @Override
    public String toString() {
        return "WebhookSettings[%s]".formatted(areNone() ? "none" : "set");
    }
}
