package dev.nocturne.runtime.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.ReasonCodes;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;

/** How a registry is asked, and what its answers mean, whatever its API. Thread-safe. */
final class RegistryHttp {

    private static final String NO_REGISTRY =
            "no registry's API is there, look at " + RegistrySettings.URL_VARIABLE;

    private static final Duration CONNECT = Duration.ofSeconds(3);
    private static final Duration ANSWER = Duration.ofSeconds(5);

    private final String address;
    private final Optional<String> authorization;
    private final HttpClient client =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(CONNECT)
                    .followRedirects(HttpClient.Redirect.NORMAL)
                    .build();

    /**
     * @param url with the registry's user and password, if it has one
     */
    RegistryHttp(URI url) {
        address = RegistrySettings.withoutUser(url).replaceFirst("/+$", "");
        authorization =
                Optional.ofNullable(url.getUserInfo())
                        .map(user -> Base64.getEncoder().encodeToString(user.getBytes(UTF_8)))
                        .map(user -> "Basic " + user);
    }

    /** Without the user, and without a slash at its end. */
    String address() {
        return address;
    }

    HttpClient client() {
        return client;
    }

    HttpRequest.Builder request(String path) {
        return bounded(HttpRequest.newBuilder(URI.create(address + path)));
    }

    /** Lets no request wait for ever, and lets it say who asks. */
    HttpRequest.Builder bounded(HttpRequest.Builder request) {
        authorization.ifPresent(value -> request.setHeader("Authorization", value));
        return request.timeout(ANSWER);
    }

    /**
     * @param e an {@link IOException}, perhaps within others; else nobody could read the answer
     */
    TransientException away(String what, Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null && !(cause instanceof IOException)) {
            cause = cause.getCause();
        }
        String reason =
                cause instanceof ConnectException
                        ? "no server listens there"
                        : cause instanceof IOException ? cause.toString() : NO_REGISTRY;
        return new TransientException("%s at %s: %s".formatted(what, address, reason), e);
    }

    /**
     * @param message the registry's; null or blank if it gave none
     */
    TransientException refused(String what, int status, String message) {
        String words =
                message == null || message.isBlank() ? "" : " " + message.lines().toList().get(0);
        String reason = status == 404 ? NO_REGISTRY : status + words;
        return new TransientException("%s at %s: %s".formatted(what, address, reason), null);
    }

    PermanentException unknown(int id) {
        return new PermanentException(
                ReasonCodes.MALFORMED_EVENT,
                "the registry at %s has no schema %d".formatted(address, id));
    }

    PermanentException unfit(int id, String why) {
        return new PermanentException(
                ReasonCodes.MALFORMED_EVENT,
                "schema %d of the registry at %s is no whole Avro schema: %s"
                        .formatted(id, address, why));
    }

    /**
     * @throws PermanentException if it is none
     * @throws TransientException if it is a page: whoever answers is no registry
     */
    Schema parse(int id, String text) {
        if (text.stripLeading().startsWith("<")) {
            throw refused("schema %d cannot be asked for".formatted(id), 404, "");
        }
        try {
            return new Schema.Parser().parse(text);
        } catch (AvroRuntimeException e) {
            throw unfit(id, String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
    }
}
