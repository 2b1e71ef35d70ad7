package dev.nocturne.ingest.rest;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A proxy that has the service at a path of its own, as {@code location /nocturne/} with {@code
 * proxy_pass} is in nginx: it takes the path away, and names the service's own host in {@code
 * Host}. Beside the path there is nothing.
 */
final class ReverseProxy implements AutoCloseable {

    static final String PATH = "/nocturne/";

    /** Of one connection each, RFC 9110, section 7.6.1; and what the client sets itself. */
    private static final Set<String> NOT_PASSED_ON =
            Set.of("connection", "host", "content-length", "transfer-encoding", "upgrade");

    private final HttpClient client = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;
    private final URI service;

    private ReverseProxy(HttpServer server, URI service) {
        this.server = server;
        this.service = service;
    }

    static ReverseProxy start(URI service) throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ReverseProxy proxy = new ReverseProxy(server, service);
        server.createContext(PATH, proxy::pass);
        server.setExecutor(proxy.threads);
        server.start();
        return proxy;
    }

    String url() {
        return "http://localhost:%d%s".formatted(server.getAddress().getPort(), PATH);
    }

    private void pass(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().toString().substring(PATH.length());
            HttpRequest.Builder request = HttpRequest.newBuilder(service.resolve("/" + path));
            exchange.getRequestHeaders()
                    .forEach(
                            (name, values) -> {
                                if (!NOT_PASSED_ON.contains(name.toLowerCase(Locale.ROOT))) {
                                    values.forEach(value -> request.header(name, value));
                                }
                            });
            byte[] body = exchange.getRequestBody().readAllBytes();
            request.method(
                    exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
            HttpResponse<InputStream> answer =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            answer.headers()
                    .map()
                    .forEach(
                            (name, values) -> {
                                if (!NOT_PASSED_ON.contains(name)) {
                                    exchange.getResponseHeaders().put(name, values);
                                }
                            });
            boolean hasBody = answer.statusCode() != 204 && answer.statusCode() != 304;
            exchange.sendResponseHeaders(answer.statusCode(), hasBody ? 0 : -1);
            try (InputStream in = answer.body();
                    OutputStream out = exchange.getResponseBody()) {
                byte[] some = new byte[1 << 14];
                for (int n = in.read(some); n >= 0; n = in.read(some)) {
                    out.write(some, 0, n);
                    out.flush(); // events come when they come
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
