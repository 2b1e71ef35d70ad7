package dev.nocturne.ingest.caption;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonCaptionStageTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    private final JsonCaptionStage stage =
            new JsonCaptionStage(() -> new PictureSizes(List.of(64)));

    @Test
    void aRecordIsALineOfAFileThatIsAJobOfItsOwn() {
        CaptionSubmitted caption =
                decode("{\"custom_id\":\"x\",\"prompt\":\"a dog\",\"candidates\":8,\"top\":2}");
        assertThat(caption.getJobId()).isNull();
        assertThat(caption.getCustomId()).isEqualTo("x");
        assertThat(caption.getCaption()).isEqualTo("a dog");
        assertThat(caption.getOptions().getCandidates()).isEqualTo(8);
        assertThat(caption.getOptions().getTop()).isEqualTo(2);
        assertThat(caption.getSubmittedAt()).isEqualTo(NOON);
        assertThat(stage.request(caption).getJobId()).isEqualTo(Ids.captionJobId("x"));
    }

    @Test
    void aRecordThatNamesNoCustomIdHasOneFromWhereItLies() {
        String millis = Long.toString(NOON.toEpochMilli());
        assertThat(decode("{\"prompt\":\"a dog\"}").getCustomId())
                .isEqualTo("json-" + millis + "-3-17");
    }

    @Test
    void aByteOrderMarkIsDropped() {
        assertThat(decode("\uFEFF{\"prompt\":\"a dog\"}").getCaption()).isEqualTo("a dog");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " \r\n", "\uFEFF", "\uFEFF\n"})
    void aBlankRecordIsSkipped(String value) {
        Outbox out = new Outbox(() -> true);

        stage.process(List.of(decode(value), decode("{\"prompt\":\"a dog\"}")), out);

        assertThat(out.outputs()).extracting(Outbox.Output::index).containsExactly(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a dog                              | invalid_json    | broken JSON",
                "[1]                                | invalid_json    | [1] is not an object",
                "{\"prompt\":\"a\"} {\"prompt\":\"b\"} | invalid_json | broken JSON",
                "{\"prompt\":\"\"}                  | invalid_caption | caption",
                "{\"prompt\":\"a\",\"top\":\"2\"}   | invalid_option  | top is \"2\": must be",
                "{\"prompt\":\"a\",\"job_id\":\"j\"}| unknown_field   | unknown field 'job_id'",
                "{\"body\":{\"prompt\":\"a\",\"response_format\":\"b64_json\"}} | invalid_option | leave it out",
                "{\"body\":{\"prompt\":\"a\",\"size\":\"1x1\"}} | invalid_option | size is '1x1': must be '64x64'"
            })
    void whatIsNoCaptionIsRefusedWithItsReason(String value, String code, String message) {
        assertThatExceptionOfType(PermanentException.class)
                .isThrownBy(() -> decode(value))
                .withMessageContaining(message)
                .extracting(PermanentException::reasonCode)
                .isEqualTo(code);
    }

    private CaptionSubmitted decode(String value) {
        return stage.decode(
                new ConsumerRecord<>(
                        Topics.CAPTIONS_JSON.name(),
                        3,
                        17,
                        NOON.toEpochMilli(),
                        TimestampType.CREATE_TIME,
                        -1,
                        -1,
                        null,
                        value.getBytes(UTF_8),
                        new RecordHeaders(),
                        Optional.empty()));
    }
}
