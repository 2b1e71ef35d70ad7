package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.events.JobSubmitted;
import dev.nocturne.schemas.EventCodec;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogRecordsTest {

    /** Producers write seconds for milliseconds, and machines start in 1970. */
    @Test
    void aJobOfAWrongClockIsKept() {
        Instant seconds = Instant.ofEpochMilli(1_795_948_432);

        assertThat(LogRecords.jobSubmitted(record(seconds)).getSubmittedAt()).isEqualTo(seconds);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, -1, 1_795_948_432_000_000L, Long.MAX_VALUE})
    void aTimeThatNoClockShowsIsRefusedByName(long epochMillis) {
        ConsumerRecord<byte[], byte[]> record = record(Instant.ofEpochMilli(epochMillis));

        assertThatThrownBy(() -> LogRecords.jobSubmitted(record))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("submittedAt is ");
    }

    private static ConsumerRecord<byte[], byte[]> record(Instant submittedAt) {
        JobSubmitted event = new JobSubmitted("caption-a", 1, submittedAt, null);
        return new ConsumerRecord<>("jobs", 0, 0, null, EventCodec.encode(event));
    }
}
