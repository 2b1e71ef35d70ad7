package dev.nocturne.standalone;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.nocturne.runtime.telemetry.Telemetry;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Takes the spans of this process by OTLP over HTTP, while it is open. */
final class Collector implements AutoCloseable {
    private static final int ANY_PORT = 0;
    private static final int NO_BODY = -1;

    private final List<Span> spans = new CopyOnWriteArrayList<>();
    private final HttpServer server;
    private final Map<String, String> settings;

    Collector() throws IOException {
        server =
                HttpServer.create(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), ANY_PORT), 0);
        server.createContext("/v1/traces", this::take);
        server.start();
        settings =
                Map.of(
                        "otel.exporter.otlp.endpoint",
                        "http://127.0.0.1:" + server.getAddress().getPort(),
                        "otel.exporter.otlp.protocol",
                        "http/protobuf");
        settings.forEach(System::setProperty);
        Telemetry.start("test");
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            ExportTraceServiceRequest.parseFrom(exchange.getRequestBody())
                    .getResourceSpansList()
                    .forEach(
                            resource ->
                                    resource.getScopeSpansList()
                                            .forEach(scope -> spans.addAll(scope.getSpansList())));
            exchange.sendResponseHeaders(200, NO_BODY);
        }
    }

    /** All that this process had to send; from now on it sends nothing. */
    List<Span> spans() {
        Telemetry.stop();
        return List.copyOf(spans);
    }

    static String hex(ByteString id) {
        return HexFormat.of().formatHex(id.toByteArray());
    }

    @Override
    public void close() {
        Telemetry.stop();
        settings.keySet().forEach(System::clearProperty);
        server.stop(0);
    }
}
