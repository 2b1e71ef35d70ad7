package dev.nocturne.cluster;

import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** Reads everything committed that a topic holds at the moment. */
final class TopicReader {
    private TopicReader() {}

    static <T extends SpecificRecord> List<T> events(KafkaSettings kafka, Topic<T> topic) {
        return records(kafka, topic).stream()
                .map(record -> EventCodec.decode(topic.record(), record.value()))
                .toList();
    }

    static List<ConsumerRecord<byte[], byte[]>> records(KafkaSettings kafka, Topic<?> topic) {
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(kafka.consumer("cluster-test"))) {
            List<TopicPartition> partitions =
                    consumer.partitionsFor(topic.name()).stream()
                            .map(info -> new TopicPartition(info.topic(), info.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (ends.entrySet().stream()
                    .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records;
        }
    }
}
