package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.decoder.DecoderService;
import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.encoder.EncoderService;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.generator.GeneratorService;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.rerank.RerankService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * How fast single captions that come as JSON are painted and closed, with a stand-in for the
 * transformer, all services in this process. Runs if {@code -Dtest.singleCaptions} says how many.
 */
@EnabledIfSystemProperty(named = "test.singleCaptions", matches = "\\d+")
class SingleCaptionsBrokerTest {

    private static final int CAPTIONS = Integer.getInteger("test.singleCaptions", 0);
    private static final int WARM_UP = 100;
    private static final int BATCH = 32;
    private static final Duration DECODE_BATCH = Duration.ofMillis(20);
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Pattern WANTED =
            Pattern.compile("jobs/[^/]+/images/[^/]+/(result\\.json|\\d+\\.png)");

    private final Deque<AutoCloseable> parts = new ArrayDeque<>(); // the last started first

    @TempDir Path folder;

    private <P extends AutoCloseable> P opened(P part) {
        parts.push(part);
        return part;
    }

    @AfterEach
    void stop() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
    }

    @Test
    @Timeout(3_600)
    void nothingButTheirPicturesAndWhatIsToldOfThemIsStored() throws Exception {
        ModelBundle model = TinyModel.write(folder.resolve("model"));
        EmbeddedBroker broker = opened(EmbeddedBroker.start(folder.resolve("kafka"), 0));
        EmbeddedObjectStore store = opened(EmbeddedObjectStore.start(folder.resolve("objects"), 0));
        KafkaSettings kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        ObjectStoreSettings bucket =
                new ObjectStoreSettings(
                        store.endpoint(),
                        "us-east-1",
                        store.accessKey(),
                        store.secretKey(),
                        "nocturne");
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        IngestService ingest =
                opened(
                        new IngestService(
                                kafka,
                                bucket,
                                WebhookSettings.NONE,
                                RegistrySettings.NONE,
                                IngestLimits.DEFAULT,
                                SpoolFolder.open(folder.resolve("spool")),
                                meters));
        Path directory = model.directory();
        List<Service> services =
                List.of(
                        ingest,
                        opened(
                                new EncoderService(
                                        kafka, bucket, directory, RegistrySettings.NONE, meters)),
                        opened(
                                new GeneratorService(
                                        kafka,
                                        () -> new StandInDrawer(model.id(), DECODE_BATCH),
                                        BATCH,
                                        meters)),
                        opened(new DecoderService(kafka, bucket, directory, meters)),
                        opened(new RerankService(kafka, folder.resolve("rerank"), meters)));
        services.forEach(Service::start);
        await().atMost(PATIENCE)
                .until(() -> services.stream().allMatch(one -> one.health().ready()));

        try (KafkaConsumer<byte[], byte[]> log = log(kafka);
                KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            measure(log, producer, "warm-up", WARM_UP);
            measure(log, producer, "caption", CAPTIONS);
        }

        ObjectStore objects = ObjectStore.open(bucket);
        List<String> keys = objects.list("jobs/");
        List<String> others =
                keys.stream().filter(key -> !WANTED.matcher(key).matches()).limit(5).toList();
        System.out.printf("%,d objects, others than wanted: %s%n", keys.size(), others);
        assertThat(others).isEmpty();
        assertThat(keys).hasSize(2 * (WARM_UP + CAPTIONS));
    }

    private static KafkaConsumer<byte[], byte[]> log(KafkaSettings kafka) {
        KafkaConsumer<byte[], byte[]> log = new KafkaConsumer<>(kafka.consumer());
        List<TopicPartition> partitions =
                List.of(Topics.RESULTS, Topics.JOB_EVENTS).stream()
                        .flatMap(topic -> log.partitionsFor(topic.name()).stream())
                        .map(info -> new TopicPartition(info.topic(), info.partition()))
                        .toList();
        log.assign(partitions);
        log.seekToBeginning(partitions);
        return log;
    }

    private static void measure(
            KafkaConsumer<byte[], byte[]> log,
            KafkaProducer<byte[], byte[]> producer,
            String name,
            int count) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            String caption =
                    """
                    {"custom_id":"%s-%d","prompt":"a red heart and %d stars","candidates":1,"top":1}"""
                            .formatted(name, i, i);
            producer.send(
                    new ProducerRecord<>(Topics.CAPTIONS_JSON.name(), caption.getBytes(UTF_8)));
        }
        int finished = 0;
        int closed = 0;
        double finishedSeconds = 0;
        while (closed < count) {
            assertThat(System.nanoTime() - start).isLessThan(Duration.ofHours(1).toNanos());
            for (ConsumerRecord<byte[], byte[]> record : log.poll(Duration.ofMillis(100))) {
                if (record.topic().equals(Topics.RESULTS.name())) {
                    finished++;
                    finishedSeconds = seconds(start);
                } else if (EventCodec.decode(JobEvent.class, record.value()).getChange()
                        instanceof JobClosed) {
                    closed++;
                }
            }
        }
        double closedSeconds = seconds(start);
        System.out.printf(
                "%,d captions (%s): painted after %.1f s, closed after %.1f s: %.1f a second%n",
                finished, name, finishedSeconds, closedSeconds, count / closedSeconds);
    }

    private static double seconds(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }
}
