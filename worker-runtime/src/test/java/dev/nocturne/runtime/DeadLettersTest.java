package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.ReasonCodes;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class DeadLettersTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
    private static final PermanentException CAUSE =
            new PermanentException(
                    ReasonCodes.MODEL_ERROR, "cannot draw", new IllegalStateException("oh"));

    private static ConsumerRecord<byte[], byte[]> record(String key, int bytes) {
        return new ConsumerRecord<>(
                "captions", 3, 41, key == null ? null : key.getBytes(UTF_8), new byte[bytes]);
    }

    @Test
    void letterKeepsTheRecordAndNamesTheReason() {
        ConsumerRecord<byte[], byte[]> record = record("k", 9);
        record.headers().add("trace", new byte[] {7});
        ProducerRecord<byte[], byte[]> letter = DeadLetters.deadLetter("generator", record, CAUSE);
        assertThat(letter.topic()).isEqualTo("dead-letters");
        assertThat(letter.key()).isEqualTo(record.key());
        assertThat(letter.value()).isEqualTo(record.value());
        assertThat(letter.headers())
                .extracting(header -> header.key() + "=" + new String(header.value(), UTF_8))
                .containsExactly(
                        "trace=\u0007",
                        "dead-letter-reason=cannot draw",
                        "dead-letter-exception-class-name=java.lang.IllegalStateException",
                        "dead-letter-topic=captions",
                        "dead-letter-partition=3",
                        "dead-letter-offset=41",
                        "nocturne-reason-code=model_error",
                        "nocturne-stage=generator");
    }

    @Test
    void letterFitsKafkasDefaultLimitWhateverTheRecordHolds() {
        ProducerRecord<byte[], byte[]> letter =
                DeadLetters.deadLetter("generator", record("k", 5_000_000), CAUSE);
        assertThat(letter.value()).hasSizeLessThan(1_000_000);
    }

    @Test
    void letterFitsWhateverComesWithTheRecord() {
        ConsumerRecord<byte[], byte[]> record = record("k".repeat(2_000_000), 900_000);
        record.headers().add("trace", new byte[2_000_000]);
        ProducerRecord<byte[], byte[]> letter = DeadLetters.deadLetter("generator", record, CAUSE);
        assertThat(letter.value()).hasSize(900_000);
        assertThat(letter.key()).isNull();
        assertThat(letter.headers()).noneMatch(header -> header.key().equals("trace"));
    }

    @Test
    void requestWithIdsThatAreNoneFailsThatOfTheKey() {
        RequestRef odd = new RequestRef("job-1", "x/y", "a", "b");
        assertThat(failed("job-1/0123456789abcdef", odd))
                .hasValueSatisfying(
                        finished ->
                                assertThat(finished.getRequest().getRequestId())
                                        .isEqualTo("0123456789abcdef"));
        assertThat(failed(null, odd)).isEmpty();
    }

    @Test
    void malformedRecordFailsTheRequestItsKeyNames() {
        Optional<RequestFinished> result = failed("job-1/0123456789abcdef", null);
        assertThat(result)
                .hasValueSatisfying(
                        finished -> {
                            assertThat(finished.getRequest().getJobId()).isEqualTo("job-1");
                            assertThat(finished.getFailure().getCode()).isEqualTo("model_error");
                        });
    }

    @Test
    void recordThatNamesNoRequestFailsNone() {
        assertThat(failed(null, null)).isEmpty();
        assertThat(failed("somebody's own key", null)).isEmpty();
        assertThat(failed("k", new RequestRef("../etc", "0123456789abcdef", "a", "b"))).isEmpty();
    }

    @Test
    void longTextsAreCut() {
        RequestRef request =
                new RequestRef("job-1", "0123456789abcdef", "x".repeat(9_999), "🍎".repeat(9_999));
        assertThat(failed(null, request))
                .hasValueSatisfying(
                        finished -> {
                            assertThat(finished.getRequest().getCustomId()).hasSize(512);
                            assertThat(finished.getRequest().getCaption()).hasSize(2 * 400);
                        });
    }

    private static Optional<RequestFinished> failed(String key, RequestRef request) {
        return DeadLetters.failedResult("generator", record(key, 9), request, CAUSE, NOON);
    }
}
