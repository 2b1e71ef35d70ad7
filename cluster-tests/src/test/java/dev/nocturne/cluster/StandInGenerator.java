package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import dev.nocturne.generator.CountingDrawer;
import dev.nocturne.generator.GeneratorService;
import dev.nocturne.generator.GridDrawer;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicSizes;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * In place of generator-worker, as a process that is told the same by the same variables: all of it
 * but the transformer, for which there is a {@link StandInDrawer}.
 */
final class StandInGenerator {
    /** A property of the process: milliseconds. */
    static final String DECODE_BATCH = "standIn.decodeBatch";

    /** A property of the process: whether it prints {@link #DRAWN} and how many, of each batch. */
    static final String TELLS = "standIn.tells";

    static final String DRAWN = "candidates drawn: ";

    private static final Duration DECODE_BATCH_TAKES =
            Duration.ofMillis(Integer.getInteger(DECODE_BATCH, 20));

    private StandInGenerator() {}

    public static void main(String... args) throws IOException {
        Map<String, String> environment = System.getenv();
        String model = ModelBundle.open(Path.of(environment.get("NOCTURNE_MODEL"))).id();
        GeneratorService service =
                new GeneratorService(
                        new KafkaSettings(
                                environment.get("NOCTURNE_KAFKA_BOOTSTRAP_SERVERS"),
                                Map.of(),
                                TopicSizes.ofEnvironment()),
                        () -> drawer(model),
                        Integer.parseInt(environment.get("NOCTURNE_GENERATOR_BATCH")),
                        new SimpleMeterRegistry());
        service.failure().thenRun(() -> System.exit(1));
        Runtime.getRuntime().addShutdownHook(new Thread(service::close));
        service.start();
        int port = Integer.parseInt(environment.get("QUARKUS_HTTP_PORT"));
        HttpServer http =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        http.createContext(
                "/q/health/ready",
                exchange -> {
                    Health health = service.health();
                    byte[] message = health.message().getBytes(UTF_8);
                    exchange.sendResponseHeaders(health.ready() ? 200 : 503, 0);
                    try (OutputStream body = exchange.getResponseBody()) {
                        body.write(message);
                    }
                });
        http.start();
    }

    private static GridDrawer drawer(String model) {
        StandInDrawer drawer = new StandInDrawer(model, DECODE_BATCH_TAKES);
        return Boolean.getBoolean(TELLS)
                ? new CountingDrawer(drawer, drawn -> System.out.println(DRAWN + drawn))
                : drawer;
    }
}
