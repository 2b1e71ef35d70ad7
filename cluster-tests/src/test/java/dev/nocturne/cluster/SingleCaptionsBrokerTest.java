package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
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
    private static final Pattern WANTED =
            Pattern.compile("jobs/[^/]+/images/[^/]+/(result\\.json|\\d+\\.png)");

    @TempDir Path folder;

    @Test
    @Timeout(3_600)
    void nothingButTheirPicturesAndWhatIsToldOfThemIsStored() throws Exception {
        ModelBundle model = TinyModel.write(folder.resolve("model"));
        try (ServicesInProcess services = new ServicesInProcess(folder)) {
            services.keep(
                    services.encoder(model),
                    services.generator(() -> new StandInDrawer(model.id(), DECODE_BATCH), BATCH),
                    services.decoder(model));
            try (KafkaConsumer<byte[], byte[]> log = log(services.kafka);
                    KafkaProducer<byte[], byte[]> producer =
                            new KafkaProducer<>(services.kafka.producer())) {
                measure(log, producer, "warm-up", WARM_UP);
                measure(log, producer, "caption", CAPTIONS);
            }
            assertThatNothingElseIsStored(ObjectStore.open(services.bucket));
        }
    }

    private static void assertThatNothingElseIsStored(ObjectStore objects) {
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
