package dev.nocturne.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Runs commands against answers as the API of ingest-service gives them. */
abstract class OnRestAnswers {
    record Answer(int status, String body) {}

    final StringWriter out = new StringWriter();
    final StringWriter err = new StringWriter();
    private final Map<String, Deque<Answer>> answers = new HashMap<>(); // guarded by itself
    final List<String> requests = new ArrayList<>(); // likewise by answers
    final List<String> bodies = new ArrayList<>(); // likewise
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
        String sent = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
        Answer answer;
        synchronized (answers) {
            requests.add(request);
            bodies.add(sent);
            Deque<Answer> next = answers.getOrDefault(request, new ArrayDeque<>());
            answer = next.size() > 1 ? next.poll() : next.peek();
        }
        if (answer == null) {
            answer = refusal(404, "no answer to " + request);
        }
        byte[] body = answer.body.getBytes(UTF_8);
        exchange.sendResponseHeaders(answer.status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    /** One after the other; the last one again and again. */
    void on(String request, Answer... inTurn) {
        synchronized (answers) {
            answers.put(request, new ArrayDeque<>(List.of(inTurn)));
        }
    }

    void on(String request, String... bodies) {
        on(request, Stream.of(bodies).map(body -> new Answer(200, body)).toArray(Answer[]::new));
    }

    static Answer refusal(int status, String message) {
        return new Answer(
                status,
                "{\"errors\":[{\"line\":null,\"param\":null,\"code\":\"c\",\"message\":\"%s\"}]}"
                        .formatted(message));
    }

    int run(String... args) {
        String url = "http://localhost:" + server.getAddress().getPort();
        return NocturneCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(
                        Stream.concat(Stream.of(args), Stream.of("--url", url))
                                .toArray(String[]::new));
    }

    List<String> lines() {
        return out.toString().lines().toList();
    }
}
