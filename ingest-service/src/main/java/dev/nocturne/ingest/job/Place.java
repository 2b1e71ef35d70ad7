package dev.nocturne.ingest.job;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Where a record stands in the log. */
public record Place(TopicPartition partition, long offset) {

    static Place of(ConsumerRecord<?, ?> record) {
        return new Place(new TopicPartition(record.topic(), record.partition()), record.offset());
    }
}
