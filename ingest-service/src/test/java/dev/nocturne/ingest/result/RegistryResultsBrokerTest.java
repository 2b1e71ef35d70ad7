package dev.nocturne.ingest.result;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.runtime.EventRecords;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

/** Results in a schema registry's framing; the registry is played by the test. */
class RegistryResultsBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final int ID = 70_001;

    private final AtomicReference<Schema> registered = new AtomicReference<>();

    @Test
    void resultsAreWrittenOnceTheRegistryHasTheirSchemaAndOnceEach() throws Exception {
        int port = freePort();
        RegistrySettings settings = RegistrySettings.parse("http://127.0.0.1:" + port, "true");
        TopicAdmin.createMissing(kafka);
        publish(JobStateTest.completed("job-1", "a", 2));
        producer.send(
                new ProducerRecord<>(
                        Topics.RESULTS.name(), "job-1/x".getBytes(UTF_8), "none".getBytes(UTF_8)));
        try (RegistryResults results =
                new RegistryResults(kafka, settings, new SimpleMeterRegistry())) {
            results.start();
            await().atMost(PATIENCE)
                    .until(() -> results.health().message().contains("cannot be registered"));
            assertThat(results.health().ready()).as("all else goes on").isTrue();
            HttpServer server = serve(port);
            try {
                await().atMost(PATIENCE).until(() -> framed().size() == 1);
            } finally {
                server.stop(0);
            }
            publish(JobStateTest.failed("job-1", "b", 3));
            await().atMost(PATIENCE).until(() -> framed().size() == 2);
        }
        assertThat(framed()).extracting(this::customId).containsExactlyInAnyOrder("a", "b");
        assertThat(Published.values(Topics.DEAD_LETTERS, kafka)).isEmpty();
    }

    @Test
    void withoutTheSettingNothingIsWritten() {
        try (RegistryResults results =
                new RegistryResults(
                        kafka,
                        RegistrySettings.parse("http://127.0.0.1:1", null),
                        new SimpleMeterRegistry())) {
            results.start();
            assertThat(results.health().ready()).isTrue();
            assertThat(results.health().message()).isEmpty();
        }
    }

    private void publish(RequestFinished result) {
        EventRecords.of(result).forEach(producer::send);
        producer.flush();
    }

    private List<byte[]> framed() {
        return Published.values(Topics.RESULTS_AVRO, kafka);
    }

    private String customId(byte[] value) {
        assertThat(value[0]).isZero();
        assertThat(ByteBuffer.wrap(value).getInt(1)).isEqualTo(ID);
        try {
            GenericRecord result =
                    new GenericDatumReader<GenericRecord>(registered.get())
                            .read(
                                    null,
                                    DecoderFactory.get()
                                            .binaryDecoder(value, 5, value.length - 5, null));
            return ((GenericRecord) result.get("request")).get("customId").toString();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private HttpServer serve(int port) throws IOException {
        HttpServer server = HttpServer.create(loopback(port), 0);
        server.createContext(
                "/subjects/results.avro-value/versions",
                exchange -> {
                    String schema =
                            new ObjectMapper()
                                    .readTree(exchange.getRequestBody())
                                    .path("schema")
                                    .asText();
                    registered.set(new Schema.Parser().parse(schema));
                    byte[] answer = "{\"id\":%d}".formatted(ID).getBytes(UTF_8);
                    exchange.sendResponseHeaders(200, answer.length);
                    exchange.getResponseBody().write(answer);
                    exchange.close();
                });
        server.start();
        return server;
    }
}
