package dev.nocturne.runtime.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SeedSchemes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;

class RegistryFramingTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    /** As somebody writes it who has read the table of fields. */
    private static final Schema THEIRS =
            SchemaBuilder.record("Wish")
                    .namespace("com.example")
                    .fields()
                    .requiredString("source")
                    .requiredString("caption")
                    .optionalInt("priority")
                    .requiredInt("candidates")
                    .requiredString("customId")
                    .requiredLong("submittedAt")
                    .endRecord();

    private final Map<Integer, Schema> schemas = new HashMap<>();
    private int asked;
    private boolean away;
    private final RegistryFraming framing =
            new RegistryFraming(
                    new SchemaRegistry() {
                        @Override
                        public Schema schema(int id) {
                            asked++;
                            if (away) {
                                throw new TransientException("the registry is away", null);
                            }
                            if (!schemas.containsKey(id)) {
                                throw new PermanentException(
                                        ReasonCodes.MALFORMED_EVENT, "no schema " + id);
                            }
                            return schemas.get(id);
                        }

                        @Override
                        public int register(String subject, Schema schema) {
                            int id = schemas.size() + 1;
                            schemas.put(id, schema);
                            return id;
                        }
                    });

    private static byte[] framed(int id, GenericRecord record) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
        try {
            new GenericDatumWriter<GenericRecord>(record.getSchema())
                    .write(record, EncoderFactory.get().directBinaryEncoder(out, null));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return out.toByteArray();
    }

    private static GenericRecord wish() {
        return new GenericRecordBuilder(THEIRS)
                .set("source", "a spreadsheet")
                .set("caption", "a green tree")
                .set("priority", 3)
                .set("candidates", 8)
                .set("customId", "tree-1")
                .set("submittedAt", NOON.toEpochMilli())
                .build();
    }

    private CaptionSubmitted decode(byte[] value) {
        return framing.decode(CaptionSubmitted.class, value);
    }

    @Test
    void aCaptionOfAnotherSchemaHasItsFieldsAndDefaultsForTheOthers() {
        schemas.put(70_000, THEIRS);

        assertThat(decode(framed(70_000, wish())))
                .isEqualTo(
                        CaptionSubmitted.newBuilder()
                                .setCustomId("tree-1")
                                .setCaption("a green tree")
                                .setSubmittedAt(NOON)
                                .setOptions(
                                        DrawingOptions.newBuilder()
                                                .setCandidates(8)
                                                .setTopP(1.0)
                                                .build())
                                .build());
    }

    @Test
    void itsOptionsMayStandInARecordOfTheirOwn() {
        Schema options =
                SchemaBuilder.record("How")
                        .namespace("com.example")
                        .fields()
                        .requiredInt("top")
                        .endRecord();
        Schema theirs =
                SchemaBuilder.record("Wish")
                        .namespace("com.example")
                        .fields()
                        .requiredString("caption")
                        .requiredString("customId")
                        .requiredLong("submittedAt")
                        .name("options")
                        .type(options)
                        .noDefault()
                        .endRecord();
        schemas.put(1, theirs);
        GenericRecord record =
                new GenericRecordBuilder(theirs)
                        .set("caption", "a green tree")
                        .set("customId", "tree-1")
                        .set("submittedAt", NOON.toEpochMilli())
                        .set("options", new GenericRecordBuilder(options).set("top", 2).build())
                        .build();

        assertThat(decode(framed(1, record)).getOptions())
                .isEqualTo(DrawingOptions.newBuilder().setTop(2).build());
    }

    /** Nobody had this framing before seeds were their pictures' own. */
    @Test
    void theSeedOfACaptionWithoutASchemeIsItsFirstPicturesOwn() {
        schemas.put(1, THEIRS);
        assertThat(decode(framed(1, wish())).getOptions().getSeedScheme())
                .isEqualTo(SeedSchemes.FIRST_IS_OWN);
    }

    @Test
    void aSchemaIsAskedForOnce() {
        schemas.put(1, THEIRS);
        decode(framed(1, wish()));
        decode(framed(1, wish()));
        assertThat(asked).isEqualTo(1);
    }

    @Test
    void aSchemaThatLacksWhatACaptionNeedsIsNamed() {
        Schema poor = SchemaBuilder.record("Poor").fields().requiredString("caption").endRecord();
        schemas.put(4, poor);
        GenericRecord record = new GenericRecordBuilder(poor).set("caption", "x").build();
        assertMalformed(framed(4, record), "missing required field", "schema 4 of the registry");
    }

    @Test
    void anUnknownSchemaIsNoReasonToWait() {
        assertMalformed(framed(9, wish()), "no schema 9");
    }

    @Test
    void brokenBytesAreMalformed() {
        schemas.put(1, THEIRS);
        assertMalformed(new byte[] {0, 0, 0}, "takes 5 bytes: there are 3");
        assertMalformed(new byte[] {0, 0, 0, 0, 1, 99}, "schema 1 of the registry");
        byte[] good = framed(1, wish());
        byte[] tooLong = Arrays.copyOf(good, good.length + 1);
        assertMalformed(tooLong, "left over");
    }

    private void assertMalformed(byte[] value, String... words) {
        assertThatExceptionOfType(PermanentException.class)
                .isThrownBy(() -> decode(value))
                .satisfies(
                        e -> {
                            assertThat(e.reasonCode()).isEqualTo(ReasonCodes.MALFORMED_EVENT);
                            assertThat(e.getMessage()).contains(words).doesNotContain("\n");
                        });
    }

    /** Thousands of records may wait for it. */
    @Test
    void aRegistryThatIsAwayIsNotAskedForEveryRecord() {
        schemas.put(1, THEIRS);
        away = true;
        for (int i = 0; i < 100; i++) {
            assertThatExceptionOfType(TransientException.class)
                    .isThrownBy(() -> decode(framed(1, wish())));
        }
        assertThat(asked).isLessThan(50);
    }

    @Test
    void aFramedResultIsReadByTheSchemaThatIsRegistered() throws Exception {
        RequestFinished result =
                new RequestFinished(
                        new RequestRef("job-1", "0123456789abcdef", "a", "an apple"),
                        RequestStatus.CANCELLED,
                        List.of(),
                        null,
                        NOON);
        int id = framing.register("results.avro", result.getSchema());

        byte[] value = RegistryFraming.encode(id, result);

        assertThat(RegistryFraming.isFramed(value)).isTrue();
        assertThat(ByteBuffer.wrap(value).getInt(1)).isEqualTo(id);
        GenericRecord read =
                new GenericDatumReader<GenericRecord>(schemas.get(id))
                        .read(
                                null,
                                DecoderFactory.get()
                                        .binaryDecoder(value, 5, value.length - 5, null));
        assertThat(read.get("status")).hasToString("CANCELLED");
        assertThat(read.get("finishedAt")).isEqualTo(NOON.toEpochMilli());
        assertThat(framing.decode(RequestFinished.class, value)).isEqualTo(result);
    }

    @Test
    void ourOwnEncodingHasNotThisFraming() {
        assertThat(RegistryFraming.isFramed(new byte[] {(byte) 0xC3, 1})).isFalse();
        assertThat(RegistryFraming.isFramed(new byte[0])).isFalse();
        assertThat(RegistryFraming.isFramed(null)).isFalse();
    }
}
