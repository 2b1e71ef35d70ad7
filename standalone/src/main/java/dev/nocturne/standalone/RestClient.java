package dev.nocturne.standalone;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.nocturne.ingest.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The REST API of ingest-service, at {@code --url}. */
final class RestClient {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final int UNAVAILABLE = 503;
    private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(2);

    @Spec(Spec.Target.MIXEE)
    CommandSpec command;

    @Option(
            names = "--url",
            paramLabel = "URL",
            defaultValue = "http://localhost:8080",
            description = "Address of ingest-service (default: ${DEFAULT-VALUE}).")
    String url;

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();

    private record Errors(List<Problem> errors) {}

    /** The service does not answer now; it may later. */
    static final class Away extends CommandFailure {
        Away(String line) {
            super(line);
        }
    }

    /**
     * @throws CommandFailure if the service cannot be reached or refuses; its lines say why
     */
    <T> T get(String path, Class<T> type) throws IOException, InterruptedException {
        return send(request(path).GET().build(), type);
    }

    /** As {@link #get}, with the file as the body. */
    <T> T post(String path, Path body, Class<T> type) throws IOException, InterruptedException {
        return send(
                request(path)
                        .header("Content-Type", "application/jsonl")
                        .POST(HttpRequest.BodyPublishers.ofFile(body))
                        .build(),
                type);
    }

    /** As {@link #get}, without a body. */
    <T> T post(String path, Class<T> type) throws IOException, InterruptedException {
        return send(request(path).POST(HttpRequest.BodyPublishers.noBody()).build(), type);
    }

    /** What a user typed, as a part of a path. */
    static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** With the question mark; empty if there are no parameters. */
    static String query(Map<String, String> parameters) {
        return parameters.entrySet().stream()
                .map(parameter -> parameter.getKey() + "=" + segment(parameter.getValue()))
                .collect(Collectors.joining("&", parameters.isEmpty() ? "" : "?", ""));
    }

    /** As {@link #get}, with the value as JSON in the body. */
    <T> T post(String path, Map<String, ?> body, Class<T> type)
            throws IOException, InterruptedException {
        return send(
                request(path)
                        .header("Content-Type", "application/json")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        JsonOption.MAPPER.writeValueAsString(body)))
                        .build(),
                type);
    }

    /** As {@link #get}, into a file. From any thread. */
    void download(String path, Path target) throws IOException, InterruptedException {
        HttpRequest request = request(path).GET().build();
        HttpResponse<InputStream> response = exchange(request, BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
            if (response.statusCode() / 100 != 2) {
                String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
                throw refusal(request, response.statusCode(), text);
            }
            Files.copy(body, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private HttpRequest.Builder request(String path) {
        try {
            return HttpRequest.newBuilder(URI.create(url.replaceFirst("/+$", "") + path))
                    .timeout(ANSWER_TIMEOUT);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    command.commandLine(),
                    "'%s%s' is not a URL: give one like http://localhost:8080"
                            .formatted(url, path));
        }
    }

    private <T> T send(HttpRequest request, Class<T> type)
            throws IOException, InterruptedException {
        HttpResponse<String> response = exchange(request, BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw refusal(request, response.statusCode(), response.body());
        }
        try {
            return JsonOption.MAPPER.readValue(response.body(), type);
        } catch (JsonProcessingException e) {
            throw notOurs(request, response.statusCode());
        }
    }

    private <T> HttpResponse<T> exchange(HttpRequest request, HttpResponse.BodyHandler<T> body)
            throws InterruptedException {
        try {
            return http.send(request, body);
        } catch (ConnectException e) {
            throw new Away(
                    "Nothing answers at %s: start the pipeline with 'nocturne up', or name another address with --url"
                            .formatted(url));
        } catch (IOException e) {
            throw new Away(
                    "%s broke off (%s): check that --url names an ingest-service, then try again"
                            .formatted(url, e.getMessage()));
        }
    }

    private static CommandFailure refusal(HttpRequest request, int status, String body) {
        try {
            Errors errors = JsonOption.MAPPER.readValue(body, Errors.class);
            if (status == UNAVAILABLE) {
                return new Away(errors.errors().get(0).message());
            }
            return new CommandFailure(errors.errors().stream().map(RestClient::line).toList());
        } catch (JsonProcessingException | NullPointerException e) {
            return notOurs(request, status);
        }
    }

    private static CommandFailure notOurs(HttpRequest request, int status) {
        return new CommandFailure(
                "%s answers %d, not as an ingest-service does: check --url"
                        .formatted(request.uri(), status));
    }

    private static String line(Problem problem) {
        return problem.line() == null
                ? problem.message()
                : "line %d: %s".formatted(problem.line(), problem.message());
    }
}
