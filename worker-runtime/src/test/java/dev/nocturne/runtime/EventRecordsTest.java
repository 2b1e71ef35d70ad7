package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.Failure;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class EventRecordsTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.250Z");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String REQUEST = "0123456789abcdef";

    private static RequestFinished completed() {
        return completed(0.25f);
    }

    private static RequestFinished completed(Float score) {
        StoredImage image =
                new StoredImage(
                        1,
                        "jobs/job-1/images/%s/1.webp".formatted(REQUEST),
                        "ab".repeat(32),
                        99L,
                        3,
                        Long.MAX_VALUE,
                        score,
                        -12.5);
        return new RequestFinished(
                new RequestRef("job-1", REQUEST, "a\u2028b", "an apple"),
                RequestStatus.COMPLETED,
                List.of(image),
                null,
                NOON);
    }

    private static RequestFinished failed(String message) {
        return new RequestFinished(
                new RequestRef("job-1", REQUEST, "a", "an apple"),
                RequestStatus.FAILED,
                List.of(),
                new Failure(ReasonCodes.INVALID_OPTION, "ingest", message, "top", 7),
                NOON);
    }

    private static JsonNode json(RequestFinished result) throws IOException {
        return JSON.readTree(EventRecords.of(result).get(1).value());
    }

    @Test
    void aResultIsThereInAvroAndInJsonWithTheSameKey() {
        List<ProducerRecord<byte[], byte[]>> records = EventRecords.of(completed());

        assertThat(records)
                .extracting(ProducerRecord::topic, record -> new String(record.key(), UTF_8))
                .containsExactly(
                        tuple("results", "job-1/" + REQUEST),
                        tuple("results.json", "job-1/" + REQUEST));
        assertThat(EventCodec.decode(RequestFinished.class, records.get(0).value()))
                .isEqualTo(completed());
    }

    @Test
    void aCompletedResultHasTheWordsOfALineOfOutputAndItsJob() throws Exception {
        assertThat(json(completed()))
                .isEqualTo(
                        JSON.readTree(
                                """
                                {"job_id":"job-1","id":"batch_req_0123456789abcdef",
                                 "custom_id":"a\\u2028b","response":{"status_code":200,
                                 "request_id":"0123456789abcdef","body":{"created":1772366400,
                                 "data":[{"url":"/v1/images/job-1/0123456789abcdef/1.webp",
                                 "rank":1,"score":0.25,"seed":"9223372036854775807"}],
                                 "ranked_by":"clip"}},
                                 "error":null}"""));
    }

    @Test
    void withoutAClipThereIsNoScoreAndTheOrderIsThatOfTheLikelihood() throws Exception {
        JsonNode body = json(completed(null)).at("/response/body");
        assertThat(body.get("ranked_by").textValue()).isEqualTo("likelihood");
        assertThat(body.get("data").get(0).has("score")).isFalse();
        assertThat(json(failed("at most 16")).toString()).doesNotContain("ranked_by");
    }

    @Test
    void aFailureHasTheWordsOfALineOfErrors() throws Exception {
        assertThat(json(failed("at most 16")))
                .isEqualTo(
                        JSON.readTree(
                                """
                                {"job_id":"job-1","id":"batch_req_0123456789abcdef",
                                 "custom_id":"a","response":null,"error":{"code":"invalid_option",
                                 "message":"at most 16","param":"top","line":7}}"""));
    }

    /**
     * Readers of lines as kcat writes them take it for two; half a character is no reason to stop.
     */
    @Test
    void aResultIsOneLineWhateverItsTextsHold() throws Exception {
        assertThat(new String(EventRecords.of(completed()).get(1).value(), UTF_8).lines())
                .hasSize(1)
                .allMatch(line -> !line.contains("\u2028"));
        assertThat(json(failed("half a \ud83c\n")).at("/error/message").asText())
                .startsWith("half a ");
    }

    @Test
    void whatIsNoResultHasOneRecord() {
        assertThat(EventRecords.of(Topics.JOBS, "job-1", new JobSubmitted("job-1", 3, NOON, null)))
                .extracting(ProducerRecord::topic)
                .containsExactly("jobs");
    }
}
