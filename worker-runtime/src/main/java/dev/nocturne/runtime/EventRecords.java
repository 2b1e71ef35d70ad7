package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.List;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Events as the records that are published for them. */
public final class EventRecords {

    private static final JsonMapper JSON = JsonMapper.builder(LineJson.factory()).build();

    /**
     * Nobody knows by what address the readers of a topic that is kept for ever know the API:
     * theirs goes before it.
     */
    private static final String API_URL = "/";

    /** A line of a job's files, and which job's. */
    @JsonNaming(SnakeCaseStrategy.class)
    private record JobLine(String jobId, @JsonUnwrapped Answers.Line line) {}

    private EventRecords() {}

    /**
     * The event's record; of a result also the one in {@code results.json}, with the same key. All
     * are to be sent in one transaction.
     */
    public static List<ProducerRecord<byte[], byte[]>> of(
            Topic<?> topic, String key, SpecificRecord event) {
        ProducerRecord<byte[], byte[]> record = record(topic, key, EventCodec.encode(event));
        return event instanceof RequestFinished result && topic.equals(Topics.RESULTS)
                ? List.of(record, record(Topics.RESULTS_JSON, key, json(result)))
                : List.of(record);
    }

    /** A result's records. */
    public static List<ProducerRecord<byte[], byte[]>> of(RequestFinished result) {
        RequestRef request = result.getRequest();
        return of(Topics.RESULTS, Ids.key(request.getJobId(), request.getRequestId()), result);
    }

    private static ProducerRecord<byte[], byte[]> record(Topic<?> topic, String key, byte[] value) {
        return new ProducerRecord<>(topic.name(), key.getBytes(UTF_8), value);
    }

    private static byte[] json(RequestFinished result) {
        String jobId = result.getRequest().getJobId();
        Answers.Line line = Answers.line(RequestResult.of(result), jobId, API_URL, image -> null);
        try {
            return JSON.writeValueAsBytes(new JobLine(jobId, line));
        } catch (JsonProcessingException e) {
            throw new AssertionError("a record of plain values can be written", e);
        }
    }
}
