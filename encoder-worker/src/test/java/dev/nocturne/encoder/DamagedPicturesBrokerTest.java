package dev.nocturne.encoder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.StageRunner;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A job whose image prompts are damaged files of any format, among lines that are good. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DamagedPicturesBrokerTest {

    private static final String JOB = "damaged-pictures";
    private static final int DAMAGED = 500;
    private static final int GOOD = 100;
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Duration HEALTH_ANSWERS = Duration.ofSeconds(2);

    @Test
    void eachEndsAsATaskOrAnInvalidOptionAndTheOthersGoOn(@TempDir Path data) throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start(data, 0)) {
            KafkaSettings kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
            EncoderStage stage =
                    new EncoderStage(
                            LetterEncoder::new,
                            () -> EarlierAnswers.NONE,
                            false,
                            Clock.systemUTC());
            Map<String, Integer> endings = new HashMap<>();
            try (StageRunner<?> runner =
                    new StageRunner<>(stage, kafka, new SimpleMeterRegistry(), Clock.systemUTC())) {
                runner.start();
                await().atMost(LONG).until(() -> runner.health().ready());
                publish(kafka);
                try (KafkaConsumer<byte[], byte[]> outcomes = outcomes(kafka)) {
                    await().atMost(LONG)
                            .pollInterval(Duration.ofMillis(20))
                            .until(
                                    () -> {
                                        assertLive(runner);
                                        outcomes.poll(Duration.ofMillis(100))
                                                .forEach(record -> count(record, endings));
                                        return endings.size() >= DAMAGED + GOOD;
                                    });
                }
                assertThat(runner.health().ready()).isTrue();
            }
            assertThat(endings).hasSize(DAMAGED + GOOD);
            assertThat(endings.values()).as("once each").allMatch(count -> count == 1);
        }
    }

    private static void assertLive(StageRunner<?> runner) {
        long startNanos = System.nanoTime();
        Health health = runner.health();
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(HEALTH_ANSWERS);
        assertThat(health.live()).as(health.message()).isTrue();
    }

    private static void publish(KafkaSettings kafka) {
        Random random = new Random(2);
        List<byte[]> files = SamplePictures.ofEveryFormat();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            for (int i = 0; i < DAMAGED + GOOD; i++) {
                boolean isGood = i % 6 == 0; // as many as are good
                CaptionSubmitted.Builder caption =
                        CaptionSubmitted.newBuilder()
                                .setJobId(JOB)
                                .setCustomId((isGood ? "good-" : "damaged-") + i)
                                .setCaption("an apple")
                                .setSubmittedAt(Clock.systemUTC().instant());
                if (!isGood) {
                    byte[] file = files.get(i % files.size());
                    caption.setImagePrompt(ByteBuffer.wrap(SamplePictures.damaged(file, random)))
                            .setImagePromptRows(1);
                }
                String key = Ids.key(JOB, Ids.requestId(JOB, caption.getCustomId()));
                producer.send(
                        new ProducerRecord<>(
                                Topics.CAPTIONS.name(),
                                key.getBytes(UTF_8),
                                EventCodec.encode(caption.build())));
            }
        }
    }

    private static KafkaConsumer<byte[], byte[]> outcomes(KafkaSettings kafka) {
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.consumer());
        List<TopicPartition> partitions = new ArrayList<>();
        Stream.of(Topics.GENERATION_TASKS, Topics.RESULTS)
                .forEach(
                        topic ->
                                consumer.partitionsFor(topic.name())
                                        .forEach(
                                                info ->
                                                        partitions.add(
                                                                new TopicPartition(
                                                                        info.topic(),
                                                                        info.partition()))));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        return consumer;
    }

    private static void count(ConsumerRecord<byte[], byte[]> record, Map<String, Integer> endings) {
        if (record.topic().equals(Topics.GENERATION_TASKS.name())) {
            GenerationRequested task = EventCodec.decode(GenerationRequested.class, record.value());
            endings.merge(task.getRequest().getCustomId(), 1, Integer::sum);
            return;
        }
        RequestFinished failed = EventCodec.decode(RequestFinished.class, record.value());
        assertThat(failed.getRequest().getCustomId()).startsWith("damaged");
        assertThat(failed.getFailure().getCode()).isEqualTo(ReasonCodes.INVALID_OPTION);
        endings.merge(failed.getRequest().getCustomId(), 1, Integer::sum);
    }
}
