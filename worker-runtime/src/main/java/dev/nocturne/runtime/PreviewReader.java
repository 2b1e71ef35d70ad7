package dev.nocturne.runtime;

import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.EventRules;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what is of use only now, on a thread of its own, which only {@link #close} ends: what comes
 * from now on, and after a break what comes then. Whatever is wrong with a record, the next one is
 * read.
 */
public final class PreviewReader<T extends SpecificRecord> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PreviewReader.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final int MOST_RECORDS = 16;

    private final Topic<T> topic;
    private final Consumer<List<T>> handler;
    private final Counter skipped;
    private final FollowerThread thread;

    /**
     * @param group whose members share the partitions; null: this reader reads all of them
     * @param handler given what comes together; called on this reader's thread
     */
    public PreviewReader(
            KafkaSettings kafka,
            Topic<T> topic,
            String group,
            MeterRegistry meters,
            Consumer<List<T>> handler) {
        this.topic = topic;
        this.handler = handler;
        skipped =
                Counter.builder("nocturne.records.skipped")
                        .description("records in the log that are no events")
                        .tag("topic", topic.name())
                        .register(meters);
        thread = group == null ? followAll(kafka) : followShare(kafka, group);
    }

    private FollowerThread followAll(KafkaSettings kafka) {
        TopicReader reader =
                new TopicReader(
                        config(kafka.consumer()),
                        topic.name(),
                        List.of(topic.name()),
                        TopicReader.Start.END);
        Runnable reading =
                () -> {
                    reader.restart();
                    reader.follow(this::read);
                };
        return new FollowerThread(topic.name(), kafka, reading, reader::stop, this::broken);
    }

    private FollowerThread followShare(KafkaSettings kafka, String group) {
        Map<String, Object> config = config(kafka.consumer(group));
        // nothing is read again: it is for those who watch the lag of groups
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, true);
        WakeableConsumer consumer = new WakeableConsumer(() -> new KafkaConsumer<>(config));
        return new FollowerThread(
                topic.name(), kafka, () -> readShare(consumer), consumer::stop, this::broken);
    }

    public void start() {
        thread.start();
    }

    private void broken(String reason) {
        LOG.warn(
                "PRV-02 {} cannot be read, next try in {}: {}",
                topic.name(),
                FollowerThread.RETRY,
                reason);
    }

    private static Map<String, Object> config(Map<String, Object> consumer) {
        Map<String, Object> config = new HashMap<>(consumer);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MOST_RECORDS);
        return config;
    }

    private void readShare(WakeableConsumer consumer) {
        try {
            consumer.open();
            consumer.get().subscribe(List.of(topic.name()), new FromNowOn(consumer.get()));
            while (true) {
                read(consumer.get().poll(POLL));
            }
        } catch (WakeupException e) {
            LOG.debug("{} is no longer followed", topic.name());
        } finally {
            consumer.close();
        }
    }

    private void read(ConsumerRecords<byte[], byte[]> records) {
        List<T> events = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            event(record).ifPresent(events::add);
        }
        if (!events.isEmpty()) {
            handler.accept(events);
        }
    }

    /** What came before it had the partition is another's, or late. */
    private record FromNowOn(org.apache.kafka.clients.consumer.Consumer<?, ?> consumer)
            implements ConsumerRebalanceListener {

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            if (!partitions.isEmpty()) { // none would mean all
                consumer.seekToEnd(partitions);
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
    }

    private Optional<T> event(ConsumerRecord<byte[], byte[]> record) {
        String fault;
        try {
            T event = EventCodec.decode(topic.record(), record.value());
            var violation = EventRules.validate(event);
            if (violation.isEmpty()) {
                return Optional.of(event);
            }
            fault = violation.get().message();
        } catch (MalformedEventException e) {
            fault = e.getMessage();
        }
        skipped.increment();
        LOG.warn(
                "PRV-03 skipped the record of {}-{} at offset {}: {}",
                record.topic(),
                record.partition(),
                record.offset(),
                fault);
        return Optional.empty();
    }

    @Override
    public void close() {
        thread.close();
    }
}
