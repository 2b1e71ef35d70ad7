package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One page in a Chromium without a window, driven by the Chrome DevTools Protocol. */
final class Chromium implements AutoCloseable {

    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    private static final Pattern ADDRESS = Pattern.compile("DevTools listening on (ws://\\S+)");
    private static final int PATIENCE_SECONDS = 120;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What an answer is to be, instead of the server's. */
    record Fake(int status, String body) {}

    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger lastId = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final Map<String, Fake> fakes = new ConcurrentHashMap<>();
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private String session; // null until the page is open

    private Chromium(Process process, URI address) throws Exception {
        this.process = process;
        this.socket =
                HttpClient.newHttpClient()
                        .newWebSocketBuilder()
                        .buildAsync(address, new Listener())
                        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        String target =
                call("Target.createTarget", Map.of("url", "about:blank"))
                        .get("targetId")
                        .textValue();
        session =
                call("Target.attachToTarget", Map.of("targetId", target, "flatten", true))
                        .get("sessionId")
                        .textValue();
        for (String domain : List.of("Page", "Runtime", "Log")) {
            call(domain + ".enable", Map.of());
        }
    }

    /** The command, if there is one on this machine. */
    static Optional<Path> find() {
        for (String folder : System.getenv("PATH").split(File.pathSeparator)) {
            for (String name : NAMES) {
                Path command = Path.of(folder, name);
                if (Files.isExecutable(command)) {
                    return Optional.of(command);
                }
            }
        }
        return Optional.empty();
    }

    /** As {@link #find}; without it the test is skipped, or fails where all are to run. */
    static Path orSkip() {
        Optional<Path> command = find();
        String missing = "there is no command 'chromium' or 'google-chrome' on this machine";
        if ("required".equals(System.getProperty("test.chromium"))) {
            assertThat(command).as(missing).isPresent();
        }
        assumeTrue(command.isPresent(), "skipped: " + missing);
        return command.get();
    }

    static Chromium start(Path command, Path profile) throws Exception {
        Process process =
                new ProcessBuilder(
                                command.toString(),
                                "--headless=new",
                                "--no-sandbox", // root in a container; only our own page is opened
                                "--disable-gpu",
                                "--hide-scrollbars",
                                "--no-first-run",
                                "--disable-background-networking",
                                "--remote-debugging-port=0",
                                "--user-data-dir=" + profile,
                                "about:blank")
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        BufferedReader output = process.errorReader();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher address = ADDRESS.matcher(line);
            if (address.find()) {
                drain(output);
                return new Chromium(process, URI.create(address.group(1)));
            }
        }
        throw new IOException("%s ended without an address".formatted(command));
    }

    /** Nobody reads what else it says, and a full pipe would stop it. */
    private static void drain(BufferedReader output) {
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                while (output.readLine() != null) {}
                            } catch (IOException e) {
                                // closed
                            }
                        },
                        "chromium-output");
        thread.setDaemon(true);
        thread.start();
    }

    private final class Listener implements WebSocket.Listener {

        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                try {
                    take(JSON.readTree(text.toString()));
                } catch (IOException e) {
                    errors.add(e.getMessage());
                }
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private void take(JsonNode message) {
        if (message.has("id")) {
            CompletableFuture<JsonNode> answer = answers.remove(message.get("id").intValue());
            if (answer == null) {
                return;
            }
            if (message.has("error")) {
                answer.completeExceptionally(new IOException(message.get("error").toString()));
            } else {
                answer.complete(message.get("result"));
            }
            return;
        }
        JsonNode params = message.path("params");
        switch (message.path("method").asText()) {
            case "Runtime.exceptionThrown" -> errors.add(params.toString());
            case "Runtime.consoleAPICalled" -> {
                if (params.get("type").textValue().equals("error")) {
                    errors.add(params.toString());
                }
            }
            case "Log.entryAdded" -> {
                if (params.at("/entry/level").textValue().equals("error")) {
                    errors.add(params.toString());
                }
            }
            case "Fetch.requestPaused" -> answerInstead(params);
            default -> {}
        }
    }

    private CompletableFuture<JsonNode> send(String method, Map<String, ?> params) {
        int id = lastId.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(id, answer);
        ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
        message.set("params", JSON.valueToTree(params));
        if (session != null) {
            message.put("sessionId", session);
        }
        synchronized (socket) { // one message at a time
            socket.sendText(message.toString(), true).join();
        }
        return answer;
    }

    JsonNode call(String method, Map<String, ?> params) throws IOException, InterruptedException {
        try {
            return send(method, params).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("%s: %s".formatted(method, e), e);
        }
    }

    /** From now on, whatever address has {@code part} in it is answered so. */
    void fake(String part, Fake answer) throws IOException, InterruptedException {
        fakes.put(part, answer);
        List<Map<String, String>> patterns = new ArrayList<>();
        fakes.keySet().forEach(known -> patterns.add(Map.of("urlPattern", "*" + known + "*")));
        call("Fetch.enable", Map.of("patterns", patterns));
    }

    private void answerInstead(JsonNode params) {
        String url = params.at("/request/url").textValue();
        // the longest part that fits is the nearest
        Fake fake =
                fakes.entrySet().stream()
                        .filter(known -> url.contains(known.getKey()))
                        .max(Map.Entry.comparingByKey((a, b) -> a.length() - b.length()))
                        .orElseThrow()
                        .getValue();
        String body = Base64.getEncoder().encodeToString(fake.body().getBytes());
        // this thread reads the answers, so it must not wait for one
        CompletableFuture.runAsync(
                () ->
                        send(
                                "Fetch.fulfillRequest",
                                Map.of(
                                        "requestId",
                                        params.get("requestId").textValue(),
                                        "responseCode",
                                        fake.status(),
                                        "responseHeaders",
                                        List.of(
                                                Map.of(
                                                        "name",
                                                        "Content-Type",
                                                        "value",
                                                        "application/json")),
                                        "body",
                                        body)));
    }

    void open(String url) throws IOException, InterruptedException {
        call("Page.navigate", Map.of("url", url));
    }

    /** The value of a JavaScript expression; a promise is waited for. */
    JsonNode evaluate(String expression) throws IOException, InterruptedException {
        JsonNode result =
                call(
                        "Runtime.evaluate",
                        Map.of(
                                "expression",
                                expression,
                                "awaitPromise",
                                true,
                                "returnByValue",
                                true));
        if (result.has("exceptionDetails")) {
            throw new IOException(result.get("exceptionDetails").toString());
        }
        return result.at("/result/value");
    }

    String text() throws IOException, InterruptedException {
        return evaluate("document.body.innerText").asText();
    }

    void look(int width, int height, String scheme) throws IOException, InterruptedException {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of(
                        "width",
                        width,
                        "height",
                        height,
                        "deviceScaleFactor",
                        1,
                        "mobile",
                        width < 600));
        call(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    void screenshot(Path file) throws IOException, InterruptedException {
        String data = call("Page.captureScreenshot", Map.of("format", "png")).get("data").asText();
        Files.write(file, Base64.getDecoder().decode(data));
    }

    /** Of the console, and exceptions that nobody caught. */
    List<String> errors() {
        return List.copyOf(errors);
    }

    /** Those of addresses that were wrong on purpose, for instance. */
    void forgetErrors() {
        errors.clear();
    }

    @Override
    public void close() throws Exception {
        socket.abort();
        // they outlive it for a moment, and write to its folder
        List<ProcessHandle> helpers = process.descendants().toList();
        process.destroy();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        for (ProcessHandle helper : helpers) {
            helper.destroyForcibly();
            helper.onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }
}
