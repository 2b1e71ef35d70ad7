package dev.nocturne.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RequestDigestTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    /** Every field of a caption whose value changes no picture. */
    private static final Set<String> WITHOUT_INFLUENCE =
            Set.of(
                    "jobId",
                    "customId",
                    "submittedAt",
                    "jobToken",
                    "partialImages",
                    "requestSha256");

    private static CaptionSubmitted caption() {
        return CaptionSubmitted.newBuilder()
                .setCustomId("again")
                .setCaption("a red house")
                .setSubmittedAt(NOON)
                .build();
    }

    private static String digest(CaptionSubmitted caption) {
        return RequestDigest.setIn(caption).getOptions().getRequestSha256();
    }

    static Stream<String> fields() {
        return Stream.of(CaptionSubmitted.getClassSchema(), DrawingOptions.getClassSchema())
                .flatMap(schema -> schema.getFields().stream())
                .map(Schema.Field::name)
                .filter(name -> !name.equals("options"));
    }

    @ParameterizedTest
    @MethodSource("fields")
    void itDependsOnEveryFieldThatChangesPictures(String name) {
        CaptionSubmitted other = caption();
        Schema.Field field = other.getSchema().getField(name);
        SpecificRecord holder = field == null ? other.getOptions() : other;
        Schema.Field changed = holder.getSchema().getField(name);
        holder.put(changed.pos(), anotherValue(changed.schema(), holder.get(changed.pos())));

        assertThat(digest(other).equals(digest(caption())))
                .as("whether captions that differ in %s have the same digest", name)
                .isEqualTo(WITHOUT_INFLUENCE.contains(name));
    }

    private static Object anotherValue(Schema schema, Object value) {
        return switch (schema.getType()) {
            case UNION -> anotherValue(schema.getTypes().get(1), value); // the first is null
            case BOOLEAN -> value == null || !(boolean) value;
            case INT -> value == null ? 1 : (int) value + 1;
            case LONG -> schema.getLogicalType() == null ? (Object) 7L : NOON.plusSeconds(1);
            case DOUBLE -> 0.25;
            case STRING -> value + "'";
            case BYTES -> ByteBuffer.wrap(new byte[] {1, 2});
            case ARRAY -> List.of(anotherValue(schema.getElementType(), null));
            case RECORD -> filled(schema);
            default -> throw new AssertionError("no value of " + schema);
        };
    }

    private static Object filled(Schema schema) {
        SpecificRecord record = (SpecificRecord) SpecificData.get().newRecord(null, schema);
        schema.getFields()
                .forEach(field -> record.put(field.pos(), anotherValue(field.schema(), null)));
        return record;
    }

    /** Also once there are more fields: else no caption of before would be known again. */
    @Test
    void fieldsThatACaptionLeavesOutDoNotCount() {
        assertThat(digest(caption()))
                .isEqualTo("abbb560cd06d01286817bbbe46aacdc51dce0fb6d35db4904255ae67840af6f3");
    }

    @Test
    void bothWaysToSwitchTopPOffAreOne() {
        CaptionSubmitted.Builder off = CaptionSubmitted.newBuilder(caption());
        off.getOptionsBuilder().setTopP(1.0);
        assertThat(digest(off.build())).isEqualTo(digest(caption()));
    }

    @Test
    void nothingElseOfTheCaptionChanges() {
        CaptionSubmitted.Builder digested =
                CaptionSubmitted.newBuilder(RequestDigest.setIn(caption()));
        digested.getOptionsBuilder().setRequestSha256(null);
        assertThat(digested.build()).isEqualTo(caption());
    }
}
