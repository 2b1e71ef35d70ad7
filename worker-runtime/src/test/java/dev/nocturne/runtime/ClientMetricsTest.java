package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.Test;

/** With clients that never reach a broker: what they report from their start. */
class ClientMetricsTest {

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final KafkaSettings kafka = new KafkaSettings("localhost:1", Map.of());

    @Test
    void twoStartsOfAWorkerHaveTheSameFewSeries() {
        Map<Meter.Id, String> first = seriesOfAWorker();
        Map<Meter.Id, String> second = seriesOfAWorker();

        assertThat(second).isEqualTo(first).hasSize(7);
        assertThat(first.values()).containsOnly("encoder-consumer", "encoder-producer");
        assertThat(first.keySet())
                .extracting(Meter.Id::getName)
                .contains(
                        "kafka.consumer.coordinator.rebalance.total",
                        "kafka.consumer.fetch.manager.records.lag.max",
                        "kafka.producer.record.error.total");
    }

    @Test
    void aClosedClientReportsNothing() {
        seriesOfAWorker();

        assertThat(meters.getMeters()).isEmpty();
    }

    @Test
    void whatIsSetFromOutsideStays() {
        Map<String, Object> config = new HashMap<>();
        config.put("client.id", "mine");
        config.put("metric.reporters", "my.Reporter");

        ClientMetrics.report(config, "encoder-consumer", meters);

        assertThat(config)
                .containsEntry("client.id", "mine")
                .containsEntry("metric.reporters", "my.Reporter," + ClientMetrics.class.getName());
    }

    private Map<Meter.Id, String> seriesOfAWorker() {
        Map<String, Object> consumer = new HashMap<>(kafka.consumer("encoder"));
        ClientMetrics.report(consumer, "encoder-consumer", meters);
        Map<String, Object> producer =
                new HashMap<>(kafka.transactionalProducer("encoder-" + System.nanoTime()));
        ClientMetrics.report(producer, "encoder-producer", meters);
        Map<Meter.Id, String> series = new HashMap<>();
        try (KafkaConsumer<?, ?> reads = new KafkaConsumer<>(consumer);
                KafkaProducer<?, ?> writes = new KafkaProducer<>(producer)) {
            meters.getMeters()
                    .forEach(meter -> series.put(meter.getId(), meter.getId().getTag("client.id")));
        }
        return series;
    }
}
