package dev.nocturne.runtime;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.JmxReporter;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;

/**
 * Shows those metrics of a Kafka client that a person acts on, and leaves several hundred to JMX.
 * Their names are those that Micrometer's own binder gives them; the one tag is the client's id,
 * which is the same at every start. Kafka makes it and calls it from the threads of the client.
 */
public final class ClientMetrics implements MetricsReporter {

    private static final String REGISTRY = "nocturne.meter.registry";
    private static final String COUNTER = "-total";

    /** By group: is the client in its group, does it get on, does it fail. */
    private static final Map<String, Set<String>> CHOSEN =
            Map.of(
                    "consumer-coordinator-metrics",
                    Set.of("last-heartbeat-seconds-ago", "rebalance-total"),
                    "consumer-fetch-manager-metrics",
                    Set.of("records-lag-max", "records-consumed-total"),
                    "producer-metrics",
                    Set.of("record-send-total", "record-retry-total", "record-error-total"),
                    "stream-thread-metrics",
                    Set.of("process-latency-avg", "commit-latency-avg"),
                    "stream-metrics",
                    Set.of("failed-stream-threads"));

    private final Map<MetricName, Meter> meters = new ConcurrentHashMap<>();
    private MeterRegistry registry;

    /**
     * Adds to a client's settings what it needs to report; reporters and a client id that are there
     * already stay.
     *
     * @param clientId who it is and what for, such as {@code encoder-consumer}
     */
    public static void report(
            Map<? super String, Object> config, String clientId, MeterRegistry registry) {
        config.putIfAbsent(CommonClientConfigs.CLIENT_ID_CONFIG, clientId);
        config.merge(
                CommonClientConfigs.METRIC_REPORTER_CLASSES_CONFIG,
                JmxReporter.class.getName() + "," + ClientMetrics.class.getName(),
                (others, ours) -> others + "," + ClientMetrics.class.getName());
        config.put(REGISTRY, registry);
    }

    @Override
    public void configure(Map<String, ?> config) {
        registry = (MeterRegistry) config.get(REGISTRY);
    }

    @Override
    public void init(List<KafkaMetric> metrics) {
        metrics.forEach(this::metricChange);
    }

    @Override
    public void metricChange(KafkaMetric metric) {
        MetricName name = metric.metricName();
        if (isChosen(name)) {
            meters.computeIfAbsent(name, absent -> register(metric));
        }
    }

    /** A topic's or a partition's share has the name of the whole. */
    private static boolean isChosen(MetricName name) {
        return CHOSEN.getOrDefault(name.group(), Set.of()).contains(name.name())
                && !name.tags().containsKey("topic");
    }

    private Meter register(KafkaMetric metric) {
        MetricName name = metric.metricName();
        String meter =
                "kafka.%s.%s"
                        .formatted(name.group().replace("-metrics", ""), name.name())
                        .replace('-', '.');
        Map<String, String> tags = name.tags();
        String clientId =
                tags.containsKey("client-id") ? tags.get("client-id") : tags.get("thread-id");
        return name.name().endsWith(COUNTER)
                ? FunctionCounter.builder(meter, metric, ClientMetrics::value)
                        .description(name.description())
                        .tag("client.id", clientId)
                        .register(registry)
                : Gauge.builder(meter, metric, ClientMetrics::value)
                        .description(name.description())
                        .tag("client.id", clientId)
                        .register(registry);
    }

    private static double value(KafkaMetric metric) {
        return metric.metricValue() instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    @Override
    public void metricRemoval(KafkaMetric metric) {
        Meter meter = meters.remove(metric.metricName());
        if (meter != null) {
            registry.remove(meter);
        }
    }

    @Override
    public void close() {
        meters.values().forEach(registry::remove);
        meters.clear();
    }
}
