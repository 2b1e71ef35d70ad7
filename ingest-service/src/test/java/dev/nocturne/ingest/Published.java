package dev.nocturne.ingest;

import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;

/** The events in a topic, of both lanes if it has them. */
public final class Published {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Published() {}

    /** All that is committed by now. */
    public static <T extends SpecificRecord> List<T> in(Topic<T> topic, KafkaSettings kafka) {
        return values(topic, kafka).stream()
                .map(value -> EventCodec.decode(topic.record(), value))
                .toList();
    }

    /** Likewise, as they are in Kafka. */
    public static List<byte[]> values(Topic<?> topic, KafkaSettings kafka) {
        List<byte[]> values = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.consumer())) {
            List<TopicPartition> partitions = partitions(topic, consumer);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
            }
        }
        return values;
    }

    public static List<TopicPartition> partitions(
            Topic<?> topic, KafkaConsumer<byte[], byte[]> consumer) {
        return topic.lanes().stream()
                .flatMap(lane -> consumer.partitionsFor(lane.name()).stream())
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .toList();
    }

    /** As soon as there are so many, or more. */
    public static <T extends SpecificRecord> List<T> await(
            Topic<T> topic, KafkaSettings kafka, int count) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> in(topic, kafka), events -> events.size() >= count);
    }
}
