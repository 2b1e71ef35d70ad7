package dev.nocturne.ingest.result;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.CaptionOwner;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Ids.RequestKey;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * The value of a dead letter, read as whichever record of the catalogue its schema belongs to: the
 * topic it came from does not matter.
 *
 * @param schema name of the record; null if the value is none that can be read
 * @param json the record's fields; without a schema the bytes in base64, or null
 */
record LetterPayload(String schema, JsonNode json) {

    private static final List<Class<? extends SpecificRecord>> RECORDS = records();

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .addModule(new JavaTimeModule())
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                    .addMixIn(SpecificRecordBase.class, FieldsOnly.class)
                    .build();

    /** Of what generated classes have, only what their schemas name. */
    @JsonIgnoreProperties({"schema", "specific_data"})
    private interface FieldsOnly {}

    private static List<Class<? extends SpecificRecord>> records() {
        return Topics.ALL.stream()
                .map(Topic::record)
                .filter(SpecificRecord.class::isAssignableFrom)
                .<Class<? extends SpecificRecord>>map(type -> type.asSubclass(SpecificRecord.class))
                .distinct()
                .toList();
    }

    static LetterPayload of(byte[] value) {
        if (value == null) {
            return new LetterPayload(null, NullNode.instance);
        }
        return event(value)
                .map(
                        event ->
                                new LetterPayload(
                                        event.getSchema().getName(), JSON.valueToTree(event)))
                .orElseGet(
                        () ->
                                new LetterPayload(
                                        null, new TextNode(BinaryNode.valueOf(value).asText())));
    }

    /** Which request a letter belongs to, by its key or else by what it says. */
    static Optional<RequestKey> request(byte[] key, byte[] value) {
        if (key != null) {
            try {
                return Optional.of(Ids.parse(new String(key, UTF_8)));
            } catch (IllegalArgumentException e) {
                // some producer's own key
            }
        }
        return event(value).flatMap(LetterPayload::request);
    }

    private static Optional<RequestKey> request(SpecificRecord event) {
        if (event instanceof CaptionSubmitted caption) {
            return Optional.of(key(CaptionOwner.request(caption)));
        }
        Schema.Field field = event.getSchema().getField("request");
        if (field != null && event.get(field.pos()) instanceof RequestRef request) {
            return Optional.of(key(request));
        }
        return Optional.empty();
    }

    private static RequestKey key(RequestRef request) {
        return new RequestKey(request.getJobId(), request.getRequestId());
    }

    private static Optional<SpecificRecord> event(byte[] value) {
        for (Class<? extends SpecificRecord> record : RECORDS) {
            try {
                return Optional.of(EventCodec.decode(record, value));
            } catch (MalformedEventException e) {
                // another record's, or nobody's
            }
        }
        return Optional.empty();
    }
}
