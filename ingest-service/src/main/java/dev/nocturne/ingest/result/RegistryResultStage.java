package dev.nocturne.ingest.result;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.Stage;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.registry.RegistryFraming;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * {@code results} to {@code results.avro}: the same, in the framing of a schema registry. The
 * pipeline's own results do not depend on the registry; while it is away, these wait.
 */
public final class RegistryResultStage implements Stage<RequestFinished> {

    public static final String NAME = "registry-results";

    /** In place of a record that is no result: it is nobody's, as for all who read results. */
    private static final RequestFinished NONE =
            new RequestFinished(
                    new RequestRef("", "", "", ""),
                    RequestStatus.FAILED,
                    List.of(),
                    null,
                    Instant.EPOCH);

    private final KafkaSettings kafka;
    private final RegistryFraming framing;
    private int schemaId; // of the work thread, once it is open

    public RegistryResultStage(KafkaSettings kafka, RegistryFraming framing) {
        this.kafka = kafka;
        this.framing = framing;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Topic<RequestFinished> input() {
        return Topics.RESULTS;
    }

    @Override
    public int maxBatch() {
        return 500;
    }

    @Override
    public void open() {
        TopicAdmin.createMissing(kafka, List.of(Topics.RESULTS_AVRO));
        schemaId = framing.register(Topics.RESULTS_AVRO.name(), RequestFinished.getClassSchema());
    }

    @Override
    public RequestFinished decode(ConsumerRecord<byte[], byte[]> record) {
        try {
            return EventCodec.decode(RequestFinished.class, record.value());
        } catch (MalformedEventException e) {
            return NONE;
        }
    }

    /** None: a group without offsets passes over what has a result, and these are the results. */
    @Override
    public RequestRef request(RequestFinished result) {
        return null;
    }

    @Override
    public void process(List<RequestFinished> results, Outbox out) {
        for (int i = 0; i < results.size(); i++) {
            RequestFinished result = results.get(i);
            if (result != NONE) {
                out.send(i, Topics.RESULTS_AVRO, result.getRequest(), result);
            }
        }
    }

    @Override
    public List<ProducerRecord<byte[], byte[]>> encode(
            Topic<?> topic, String key, SpecificRecord result) {
        return List.of(
                new ProducerRecord<>(
                        topic.name(),
                        key.getBytes(StandardCharsets.UTF_8),
                        RegistryFraming.encode(schemaId, result)));
    }
}
