package dev.nocturne.ingest.job;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records in the log that are no events: each is named and counted once in the life of the process,
 * however often the log is read again. Used by one thread at a time.
 */
public final class SkippedRecords {

    private static final Logger LOG = LoggerFactory.getLogger(SkippedRecords.class);

    /** Beyond it, records are only counted, and again when they are read again. */
    private static final int MOST_NAMED = 10_000;

    private final MeterRegistry meters;
    private final Set<String> named = new HashSet<>();

    public SkippedRecords(MeterRegistry meters) {
        this.meters = meters;
        JobLog.TOPICS.forEach(topic -> counter(topic.name()));
    }

    private Counter counter(String topic) {
        return Counter.builder("nocturne.records.skipped")
                .description("records in the log that are no events")
                .tag("topic", topic)
                .register(meters);
    }

    void add(ConsumerRecord<?, ?> record, Throwable reason) {
        String place = "%s-%d@%d".formatted(record.topic(), record.partition(), record.offset());
        boolean isNew = named.size() >= MOST_NAMED || named.add(place);
        if (isNew) {
            counter(record.topic()).increment();
        }
        if (isNew && named.size() < MOST_NAMED) {
            LOG.warn(
                    "ING-05 skipped the record of {}-{} at offset {}: {}",
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    reason.getMessage() == null ? reason.toString() : reason.getMessage());
        }
    }
}
