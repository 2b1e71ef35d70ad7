package dev.nocturne.encoder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.runtime.DeadLetters;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.Stage;
import dev.nocturne.runtime.StageRunner;
import dev.nocturne.runtime.registry.RegistryFraming;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.LogContext;
import org.jboss.logmanager.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Captions of a schema registry's serializer, while the registry is away and when it is back. */
class RegistryCaptionsBrokerTest {

    private static final Duration LONG = Duration.ofMinutes(2);
    private static final int SCHEMA = 7;
    private static final int POOR_SCHEMA = 8;
    private static final int UNKNOWN_SCHEMA = 99;

    @Test
    void framedCaptionsWaitForTheirRegistryAndOthersDoNot(@TempDir Path data) throws Exception {
        URI url = freeAddress();
        try (EmbeddedBroker broker = EmbeddedBroker.start(data, 0)) {
            KafkaSettings kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
            EncoderStage encoder =
                    new EncoderStage(
                            LetterEncoder::new, () -> EarlierAnswers.NONE, true, Clock.systemUTC());
            RegistryCaptionStage registry = new RegistryCaptionStage(new RegistryFraming(url));
            try (StageRunner<?> encoders = runner(encoder, kafka);
                    StageRunner<?> translators = runner(registry, kafka)) {
                log.addHandler(warnings);
                encoders.start();
                translators.start();
                await().atMost(LONG).until(() -> encoders.health().ready());
                publish(kafka);

                await().atMost(LONG).until(() -> tasks(kafka).size() == 2);
                await().atMost(LONG).until(() -> !translators.health().ready());
                assertThat(translators.health().live()).isTrue();
                assertThat(translators.health().message())
                        .contains("schema ", " cannot be asked for at " + url);
                assertThat(encoders.health().ready()).isTrue();
                assertThat(tasks(kafka)).containsExactlyInAnyOrder("plain-1", "plain-2");
                assertThat(reasons(kafka)).isEmpty();
                assertThat(warnings.lines)
                        .singleElement()
                        .asString()
                        .startsWith("STG-04 registry-captions: will try again: schema ");

                HttpServer server = serve(url);
                try {
                    await().atMost(LONG).until(() -> tasks(kafka).size() >= 5);
                    await().atMost(LONG).until(() -> reasons(kafka).size() >= 2);
                    await().atMost(LONG).until(() -> translators.health().ready());
                } finally {
                    server.stop(0);
                }
                assertThat(tasks(kafka))
                        .containsExactlyInAnyOrder(
                                "plain-1", "plain-2", "framed-1", "framed-2", "now-1");
                assertThat(reasons(kafka))
                        .anyMatch(reason -> reason.contains("has no schema " + UNKNOWN_SCHEMA))
                        .anyMatch(reason -> reason.contains("missing required field"))
                        .hasSize(2);
                assertThat(readable(kafka))
                        .as("captions that nobody needs a registry for any more")
                        .containsExactlyInAnyOrder(
                                "plain-1", "plain-2", "framed-1", "framed-2", "now-1");
            }
        }
    }

    private final Warnings warnings = new Warnings();
    private final Logger log = LogContext.getLogContext().getLogger(StageRunner.class.getName());

    @AfterEach
    void forgetLog() {
        log.removeHandler(warnings);
    }

    /** What a person reads at night. */
    private static final class Warnings extends Handler {
        private final List<String> lines = new CopyOnWriteArrayList<>();

        @Override
        public void publish(LogRecord record) {
            if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
                lines.add(ExtLogRecord.wrap(record).getFormattedMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    private static StageRunner<CaptionSubmitted> runner(
            Stage<CaptionSubmitted> stage, KafkaSettings kafka) {
        return new StageRunner<>(stage, kafka, new SimpleMeterRegistry(), Clock.systemUTC());
    }

    private static URI freeAddress() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return URI.create("http://127.0.0.1:" + free.getLocalPort());
        }
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** Confluent's API, as far as a reader needs it. */
    private static HttpServer serve(URI url) throws IOException {
        HttpServer server = HttpServer.create(loopback(url.getPort()), 0);
        server.createContext(
                "/schemas/ids/",
                exchange -> {
                    String id = exchange.getRequestURI().getPath().replaceFirst(".*/", "");
                    Schema schema =
                            switch (Integer.parseInt(id)) {
                                case SCHEMA -> CaptionSubmitted.getClassSchema();
                                case POOR_SCHEMA -> poorSchema();
                                default -> null;
                            };
                    String answer =
                            schema == null
                                    ? "{\"error_code\":40403,\"message\":\"Schema not found\"}"
                                    : "{\"schema\":\"%s\"}"
                                            .formatted(schema.toString().replace("\"", "\\\""));
                    byte[] bytes = answer.getBytes(UTF_8);
                    exchange.sendResponseHeaders(schema == null ? 404 : 200, bytes.length);
                    exchange.getResponseBody().write(bytes);
                    exchange.close();
                });
        server.start();
        return server;
    }

    private static Schema poorSchema() {
        return new Schema.Parser()
                .parse(
                        """
                        {"type":"record","name":"Poor","fields":[{"name":"caption","type":"string"}]}""");
    }

    private static CaptionSubmitted caption(String customId) {
        return CaptionSubmitted.newBuilder()
                .setCustomId(customId)
                .setCaption("an apple")
                .setSubmittedAt(Instant.EPOCH)
                .build();
    }

    private static void publish(KafkaSettings kafka) {
        String bulk = Topics.CAPTIONS.name();
        String interactive = Topics.CAPTIONS.in(Lane.INTERACTIVE).name();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            for (String id : List.of("framed-1", "framed-2")) {
                send(producer, bulk, RegistryFraming.encode(SCHEMA, caption(id)));
            }
            send(producer, interactive, RegistryFraming.encode(SCHEMA, caption("now-1")));
            send(producer, bulk, RegistryFraming.encode(UNKNOWN_SCHEMA, caption("unknown")));
            send(
                    producer,
                    bulk,
                    ByteBuffer.allocate(7)
                            .put((byte) 0)
                            .putInt(POOR_SCHEMA)
                            .put((byte) 2) // one letter
                            .put((byte) 'x')
                            .array());
            for (String id : List.of("plain-1", "plain-2")) {
                send(producer, bulk, EventCodec.encode(caption(id)));
            }
        }
    }

    /** All to one partition: what waits must not hold up what comes behind it. */
    private static void send(KafkaProducer<byte[], byte[]> producer, String topic, byte[] value) {
        producer.send(new ProducerRecord<>(topic, "same".getBytes(UTF_8), value));
    }

    private static List<String> tasks(KafkaSettings kafka) {
        return records(kafka, Topics.GENERATION_TASKS).stream()
                .map(record -> EventCodec.decode(GenerationRequested.class, record.value()))
                .map(task -> task.getRequest().getCustomId())
                .toList();
    }

    private static List<String> reasons(KafkaSettings kafka) {
        return records(kafka, Topics.DEAD_LETTERS).stream()
                .map(letter -> letter.headers().lastHeader(DeadLetters.REASON).value())
                .map(reason -> new String(reason, UTF_8))
                .toList();
    }

    private static List<String> readable(KafkaSettings kafka) {
        return records(kafka, Topics.CAPTIONS).stream()
                .map(ConsumerRecord::value)
                .filter(value -> !RegistryFraming.isFramed(value))
                .map(value -> EventCodec.decode(CaptionSubmitted.class, value).getCustomId())
                .toList();
    }

    private static List<ConsumerRecord<byte[], byte[]>> records(
            KafkaSettings kafka, Topic<?> topic) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.consumer())) {
            List<TopicPartition> partitions =
                    topic.lanes().stream()
                            .flatMap(lane -> consumer.partitionsFor(lane.name()).stream())
                            .map(info -> new TopicPartition(info.topic(), info.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }
}
