package dev.nocturne.ingest;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;

/** The captions in the topic. */
final class PublishedCaptions {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private PublishedCaptions() {}

    /** All that is committed by now. */
    static List<CaptionSubmitted> of(KafkaSettings kafka) {
        List<CaptionSubmitted> captions = new ArrayList<>();
        Map<String, Object> config = kafka.consumer("");
        config.remove("group.id");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
            List<TopicPartition> partitions = partitions(consumer);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(
                                record ->
                                        captions.add(
                                                EventCodec.decode(
                                                        CaptionSubmitted.class, record.value())));
            }
        }
        return captions;
    }

    static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer) {
        return consumer.partitionsFor(Topics.CAPTIONS.name()).stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .toList();
    }

    /** As soon as there are so many, or more. */
    static List<CaptionSubmitted> await(KafkaSettings kafka, int count) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> of(kafka), captions -> captions.size() >= count);
    }
}
