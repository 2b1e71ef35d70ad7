package dev.nocturne.ingest;

import dev.nocturne.ingest.lag.TopicOffsets;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;

/** The events in a topic, of both lanes if it has them. */
public final class Published {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Published() {}

    /**
     * All that is committed by now. A producer is told so before partitions are: a transaction that
     * is about to end there is waited for.
     */
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
            TopicOffsets offsets = offsets(topic, kafka);
            Awaitility.await("the end of open transactions")
                    .atMost(PATIENCE)
                    .pollDelay(Duration.ZERO)
                    .pollInSameThread()
                    .until(
                            () -> {
                                consumer.poll(Duration.ofMillis(100))
                                        .forEach(record -> values.add(record.value()));
                                return partitions.stream()
                                        .allMatch(p -> consumer.position(p) >= offsets.of(p).end());
                            });
        }
        return values;
    }

    /** With those of what is not committed yet: the consumer's own ends are before it. */
    private static TopicOffsets offsets(Topic<?> topic, KafkaSettings kafka) {
        try (Admin admin = Admin.create(kafka.admin())) {
            return TopicOffsets.ask(admin, topic.lanes().stream().map(Topic::name).toList());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
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
