package dev.nocturne.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;

/** Makes the Kafka clients of a stage, which report their metrics under its name. */
final class StageClients {

    /**
     * A partition that has run dry is asked again only when the fetch under way is back, and an
     * empty lane holds that one up for as long as it may wait.
     */
    private static final Duration FETCH_WAIT = Duration.ofMillis(100);

    private final Stage<?> stage;
    private final KafkaSettings kafka;
    private final MeterRegistry meters;
    private final Map<String, Object> producerConfig;
    private final Function<Map<String, Object>, Producer<byte[], byte[]>> producers;

    StageClients(
            Stage<?> stage,
            KafkaSettings kafka,
            MeterRegistry meters,
            Function<Map<String, Object>, Producer<byte[], byte[]>> producers) {
        this.stage = stage;
        this.kafka = kafka;
        this.meters = meters;
        this.producers = producers;
        producerConfig =
                new HashMap<>(kafka.transactionalProducer(stage.name() + "-" + UUID.randomUUID()));
        ClientMetrics.report(producerConfig, stage.name() + "-producer", meters);
    }

    /**
     * A member of the stage's group, once the stage is open.
     *
     * @throws TransientException if the brokers' names cannot be resolved
     * @throws FatalException if the settings are wrong
     */
    Consumer<byte[], byte[]> consumer() {
        Map<String, Object> config = new HashMap<>(kafka.consumer(stage.name()));
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, stage.maxBatch());
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, (int) FETCH_WAIT.toMillis());
        ClientMetrics.report(config, stage.name() + "-consumer", meters);
        try {
            return new KafkaConsumer<>(config);
        } catch (KafkaException e) {
            throw kafka.asStageException("cannot consume", e);
        }
    }

    /** Of one transactional id, whenever it is asked for. */
    Producer<byte[], byte[]> producer() {
        return producers.apply(producerConfig);
    }

    /** The largest key and value that the producer sends together. */
    int maxRecordBytes() {
        return KafkaSettings.maxRecordBytes(producerConfig);
    }
}
