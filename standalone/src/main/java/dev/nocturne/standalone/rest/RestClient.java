package dev.nocturne.standalone.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.nocturne.ingest.Problem;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The REST API of ingest-service, at {@code --url}. */
public final class RestClient {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final int UNAUTHORIZED = 401;
    private static final int NOT_FOUND = 404;
    private static final int PARTIAL = 206;
    private static final int RANGE_NOT_SATISFIABLE = 416;
    private static final int UNAVAILABLE = 503;
    private static final long MAX_ERROR_BYTES = 1 << 20;
    private static final byte[] NOTHING = {};
    private static final Set<OpenOption> TO_GO_ON =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration SILENCE_TIMEOUT = Duration.ofSeconds(60);

    @Spec(Spec.Target.MIXEE)
    CommandSpec command;

    @Option(
            names = "--url",
            paramLabel = "URL",
            defaultValue = "http://localhost:8080",
            description = "Address of ingest-service (default: ${DEFAULT-VALUE}).")
    String url;

    @Option(
            names = "--api-key",
            paramLabel = "KEY",
            description =
                    "Key of ingest-service, if it has keys (default: the first one in $NOCTURNE_API_KEY,"
                            + " where other users of this machine do not see it).")
    String apiKey = firstOf(System.getenv("NOCTURNE_API_KEY"));

    private final Duration silenceTimeout;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();

    RestClient() {
        this(SILENCE_TIMEOUT);
    }

    /**
     * @param silenceTimeout how long a download may go on without a byte
     */
    RestClient(Duration silenceTimeout) {
        this.silenceTimeout = silenceTimeout;
    }

    private record Errors(List<Problem> errors) {}

    /** The service does not answer now; it may later. */
    public static final class Away extends CommandFailure {
        Away(String line) {
            super(line);
        }
    }

    /** There is no such thing, or not any more. */
    public static final class NotFound extends CommandFailure {
        NotFound(List<String> lines) {
            super(lines);
        }
    }

    /**
     * @throws CommandFailure if the service cannot be reached or refuses; its lines say why
     */
    public <T> T get(String path, Class<T> type) throws IOException, InterruptedException {
        return send(request(path).GET(), type);
    }

    /** As {@link #get}, with a form in the body; files are read while they are sent. */
    public <T> T postForm(
            String path, Map<String, String> fields, Map<String, Path> files, Class<T> type)
            throws IOException, InterruptedException {
        String boundary = "form-" + UUID.randomUUID();
        List<BodyPublisher> parts = new ArrayList<>();
        for (Map.Entry<String, String> field : fields.entrySet()) {
            parts.add(partHead(boundary, field.getKey(), ""));
            parts.add(BodyPublishers.ofString(field.getValue()));
        }
        for (Map.Entry<String, Path> file : files.entrySet()) {
            String name = file.getValue().getFileName().toString().replace("\"", "%22");
            parts.add(
                    partHead(
                            boundary,
                            file.getKey(),
                            "; filename=\"%s\"\r\nContent-Type: application/octet-stream"
                                    .formatted(name)));
            parts.add(BodyPublishers.ofFile(file.getValue()));
        }
        parts.add(BodyPublishers.ofString("\r\n--%s--\r\n".formatted(boundary)));
        return send(
                request(path)
                        .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                        .POST(BodyPublishers.concat(parts.toArray(BodyPublisher[]::new))),
                type);
    }

    private static BodyPublisher partHead(String boundary, String name, String more) {
        return BodyPublishers.ofString(
                "\r\n--%s\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n"
                        .formatted(boundary, name, more));
    }

    /** As {@link #get}, without a body. */
    public <T> T post(String path, Class<T> type) throws IOException, InterruptedException {
        return send(request(path).POST(BodyPublishers.noBody()), type);
    }

    public <T> T delete(String path, Class<T> type) throws IOException, InterruptedException {
        return send(request(path).DELETE(), type);
    }

    /** What a user typed, as a part of a path. */
    public static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** With the question mark; empty if there are no parameters. */
    static String query(Map<String, String> parameters) {
        return parameters.entrySet().stream()
                .map(parameter -> parameter.getKey() + "=" + segment(parameter.getValue()))
                .collect(Collectors.joining("&", parameters.isEmpty() ? "" : "?", ""));
    }

    /** As {@link #get}, with the value as JSON in the body. */
    public <T> T post(String path, Map<String, ?> body, Class<T> type)
            throws IOException, InterruptedException {
        return send(
                request(path)
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(JsonOption.MAPPER.writeValueAsString(body))),
                type);
    }

    /** As {@link #resume}, from the beginning. */
    public void download(String path, Path target, long maxBytes)
            throws IOException, InterruptedException {
        Files.deleteIfExists(target);
        resume(path, target, maxBytes);
    }

    /**
     * As {@link #get}, into a file, whose bytes are taken for the first ones of the answer, however
     * long that takes as long as bytes come. What has come stays if it breaks off. From any thread.
     *
     * @param target no symbolic link is followed
     * @throws CommandFailure also if the answer is longer than {@code maxBytes}: no more is read
     */
    public void resume(String path, Path target, long maxBytes)
            throws IOException, InterruptedException {
        long there = Files.exists(target, LinkOption.NOFOLLOW_LINKS) ? Files.size(target) : 0;
        HttpRequest.Builder asked = request(path).GET(); // its timeout would be the whole file's
        HttpRequest request =
                (there == 0 ? asked : asked.header("Range", "bytes=%d-".formatted(there))).build();
        AtomicLong heardNanos = new AtomicLong(System.nanoTime());
        ByteArrayOutputStream refusal = new ByteArrayOutputStream();
        HttpResponse<?> response;
        try (FileChannel file = FileChannel.open(target, TO_GO_ON)) {
            AtomicLong left = new AtomicLong();
            AtomicReference<OutputStream> out = new AtomicReference<>();
            Consumer<Optional<byte[]>> sink =
                    bytes -> {
                        heardNanos.set(System.nanoTime());
                        if (left.addAndGet(-bytes.orElse(NOTHING).length) < 0) {
                            throw new CommandFailure(
                                    "%s sends more than %d bytes for %s: check --url"
                                            .formatted(url, maxBytes, path));
                        }
                        write(bytes, out.get());
                    };
            HttpResponse.BodyHandler<Void> limited =
                    answer -> {
                        boolean isGood = isGood(answer.statusCode());
                        long kept = answer.statusCode() == PARTIAL ? there : 0;
                        left.set(isGood ? maxBytes - kept : MAX_ERROR_BYTES);
                        out.set(isGood ? after(kept, file) : refusal);
                        return HttpResponse.BodySubscribers.ofByteArrayConsumer(sink);
                    };
            response = whileHeard(http.sendAsync(request, limited), heardNanos, path);
        }
        if (response.statusCode() == RANGE_NOT_SATISFIABLE) {
            download(path, target, maxBytes);
        } else if (!isGood(response.statusCode())) {
            if (there == 0) {
                Files.delete(target);
            }
            throw refusal(request, response.statusCode(), refusal.toString(StandardCharsets.UTF_8));
        }
    }

    private static OutputStream after(long kept, FileChannel file) {
        try {
            return Channels.newOutputStream(file.truncate(kept).position(kept));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Optional<byte[]> bytes, OutputStream out) {
        try {
            out.write(bytes.orElse(NOTHING)); // at the end
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A server that stops in the middle of an answer would be waited for for ever. */
    private <T> T whileHeard(CompletableFuture<T> answer, AtomicLong heardNanos, String path)
            throws IOException, InterruptedException {
        try {
            while (true) {
                long left = silenceTimeout.toNanos() - (System.nanoTime() - heardNanos.get());
                if (left <= 0) {
                    throw new Away(
                            "%s has sent nothing of %s for %d seconds: run the command again, it goes on from there"
                                    .formatted(url, path, silenceTimeout.toSeconds()));
                }
                try {
                    return answer.get(left, TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    // bytes may have come meanwhile
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UncheckedIOException disk) {
                throw disk.getCause();
            }
            if (e.getCause() instanceof CommandFailure tooLong) {
                throw tooLong;
            }
            throw away(e.getCause());
        } finally {
            answer.cancel(true);
        }
    }

    private HttpRequest.Builder request(String path) {
        try {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(URI.create(url.replaceFirst("/+$", "") + path));
            return apiKey == null ? request : request.header("Authorization", bearer());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    command.commandLine(),
                    "'%s%s' is not a URL: give one like http://localhost:8080"
                            .formatted(url, path));
        }
    }

    /** A service has several while they are changed. */
    static String firstOf(String keys) {
        return keys == null || keys.isBlank() ? null : keys.split(",")[0].strip();
    }

    private String bearer() {
        if (!apiKey.matches("[\\x21-\\x7e]+")) {
            throw new ParameterException(
                    command.commandLine(),
                    "--api-key has a character that no key has: give it in ASCII, without spaces");
        }
        return "Bearer " + apiKey;
    }

    private <T> T send(HttpRequest.Builder builder, Class<T> type)
            throws IOException, InterruptedException {
        HttpRequest request = builder.timeout(ANSWER_TIMEOUT).build();
        HttpResponse<String> response;
        try {
            response = http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw away(e);
        }
        if (!isGood(response.statusCode())) {
            throw refusal(request, response.statusCode(), response.body());
        }
        try {
            return JsonOption.MAPPER.readValue(response.body(), type);
        } catch (JsonProcessingException e) {
            throw notOurs(request, response.statusCode());
        }
    }

    private Away away(Throwable cause) {
        return new Away(
                cause instanceof ConnectException
                        ? "Nothing answers at %s: start the pipeline with 'nocturne up', or name another address with --url"
                                .formatted(url)
                        : "%s broke off (%s): check that --url names an ingest-service, then try again"
                                .formatted(url, cause.getMessage()));
    }

    private static boolean isGood(int status) {
        return status / 100 == 2;
    }

    private static CommandFailure refusal(HttpRequest request, int status, String body) {
        try {
            Errors errors = JsonOption.MAPPER.readValue(body, Errors.class);
            if (status == UNAUTHORIZED) {
                return new CommandFailure(
                        "%s: %s (--api-key KEY, or the variable NOCTURNE_API_KEY)"
                                .formatted(origin(request), errors.errors().get(0).message()));
            }
            if (status == UNAVAILABLE) {
                return new Away(errors.errors().get(0).message());
            }
            List<String> lines = errors.errors().stream().map(RestClient::line).toList();
            return status == NOT_FOUND ? new NotFound(lines) : new CommandFailure(lines);
        } catch (JsonProcessingException | NullPointerException e) {
            return notOurs(request, status);
        }
    }

    private static String origin(HttpRequest request) {
        return request.uri().getScheme() + "://" + request.uri().getRawAuthority();
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
