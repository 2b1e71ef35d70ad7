package dev.nocturne.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** A server that webhooks are sent to, and that answers as a test wants. */
public final class Receiver implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Instead of a status: no answer as long as the receiver is there. */
    public static final int HANG = 0;

    /**
     * What came.
     *
     * @param headers by their names in lower case
     */
    public record Delivery(Map<String, String> headers, byte[] body, int answer) {
        public JsonNode json() {
            try {
                return JSON.readTree(body);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        public String type() {
            return json().get("type").textValue();
        }

        public String batch() {
            return json().at("/data/id").textValue();
        }
    }

    private final List<Delivery> deliveries = new CopyOnWriteArrayList<>();
    private final Function<JsonNode, Integer> answers;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    /**
     * @param port 0 for any free one
     * @param answers the status for a body, or {@link #HANG}
     */
    public Receiver(int port, Function<JsonNode, Integer> answers) throws IOException {
        this.answers = answers;
        server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/hook", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        Map<String, String> headers = new TreeMap<>();
        exchange.getRequestHeaders()
                .forEach((name, values) -> headers.put(name.toLowerCase(), values.get(0)));
        byte[] body = exchange.getRequestBody().readAllBytes();
        int status = answers.apply(JSON.readTree(body));
        deliveries.add(new Delivery(headers, body, status));
        if (status == HANG) {
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        } else {
            exchange.sendResponseHeaders(status, -1);
        }
        exchange.close();
    }

    public String url() {
        return "http://localhost:%d/hook?token=of-nobodys-business"
                .formatted(server.getAddress().getPort());
    }

    public List<Delivery> deliveries() {
        return deliveries;
    }

    /** Those that were answered with 2xx. */
    public List<Delivery> accepted() {
        return deliveries.stream().filter(one -> one.answer / 100 == 2).toList();
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
