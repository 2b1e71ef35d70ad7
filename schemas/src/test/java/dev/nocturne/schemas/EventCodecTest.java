package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobSubmitted;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.SchemaValidationException;
import org.apache.avro.SchemaValidatorBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;
import org.apache.avro.util.ClassSecurityValidator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EventCodecTest {

    static List<SpecificRecord> events() {
        return Examples.EVENTS;
    }

    @ParameterizedTest
    @MethodSource("events")
    void everyRecordComesBackAsItWas(SpecificRecord event) {
        assertThat((Object) EventCodec.decode(event.getClass(), EventCodec.encode(event)))
                .isEqualTo(event);
    }

    /** As a builder copies the records inside of the one it starts from. */
    @ParameterizedTest
    @MethodSource("events")
    void everyRecordCanBeCopied(SpecificRecord event) {
        EventCodec.encode(event);
        assertThat(SpecificData.get().deepCopy(event.getSchema(), event)).isEqualTo(event);
    }

    @Test
    void avroTrustsOurRecordsBesidesItsOwnClassesAndNoOthers() {
        EventCodec.encode(Examples.EVENTS.get(0));
        var trusted = ClassSecurityValidator.getGlobal();
        assertThat(trusted.isTrusted(CaptionSubmitted.class)).isTrue();
        assertThat(trusted.isTrusted(BigDecimal.class)).isTrue();
        assertThat(trusted.isTrusted(ProcessBuilder.class)).isFalse();
        assertThat(trusted.isTrusted(EventCodec.class)).isFalse();
    }

    @ParameterizedTest
    @MethodSource("events")
    void aDamagedRecordIsReadOrMalformedAndNothingElse(SpecificRecord event) {
        Random random = new Random(7);
        byte[] good = EventCodec.encode(event);
        for (int i = 0; i < 500; i++) {
            byte[] damaged = good.clone();
            for (int bytes = random.nextInt(4); bytes >= 0; bytes--) {
                damaged[random.nextInt(good.length)] = (byte) random.nextInt();
            }
            try {
                EventCodec.decode(event.getClass(), damaged);
            } catch (MalformedEventException expected) {
                assertThat(expected).hasMessageStartingWith("not a ");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("events")
    void theCurrentSchemaIsTheLastOfTheHistory(SpecificRecord event) {
        List<Schema> history = EventCodec.history(event.getClass());
        assertThat(history)
                .as("history/%s", event.getClass().getSimpleName())
                .isNotEmpty()
                .last()
                .isEqualTo(event.getSchema());
    }

    @ParameterizedTest
    @MethodSource("events")
    void everyPastVersionCanStillBeRead(SpecificRecord event) throws SchemaValidationException {
        List<Schema> newestFirst = EventCodec.history(event.getClass());
        Collections.reverse(newestFirst);
        new SchemaValidatorBuilder()
                .canReadStrategy()
                .validateAll()
                .validate(event.getSchema(), newestFirst);
    }

    @ParameterizedTest
    @MethodSource("events")
    void noTwoVersionsShareAFingerprint(SpecificRecord event) {
        assertThat(EventCodec.history(event.getClass()))
                .extracting(SchemaNormalization::parsingFingerprint64)
                .doesNotHaveDuplicates();
    }

    @Test
    void theCatalogueAndTheExamplesNameTheSameRecords() {
        Set<Object> examples =
                Examples.EVENTS.stream().map(Object::getClass).collect(Collectors.toSet());
        assertThat(Topics.ALL)
                .filteredOn(topic -> topic != Topics.DEAD_LETTERS)
                .extracting(topic -> (Object) topic.record())
                .hasSameElementsAs(examples);
    }

    @Test
    void aMinimalCaptionTakesTheDefaults() {
        CaptionSubmitted caption =
                CaptionSubmitted.newBuilder()
                        .setCustomId("a")
                        .setCaption("a dog")
                        .setSubmittedAt(Examples.NOON)
                        .build();
        CaptionSubmitted read =
                EventCodec.decode(CaptionSubmitted.class, EventCodec.encode(caption));
        assertThat(read.getJobId()).isNull();
        assertThat(read.getSeed()).isNull();
        assertThat(read.getCandidates()).isEqualTo(16);
        assertThat(read.getTop()).isEqualTo(4);
        assertThat(read.getTemperature()).isNull();
    }

    @Test
    void aRecordFromBeforeTheSeedsSchemeKeepsTheOldOneAndANewOneHasTheNew() throws IOException {
        Schema third = EventCodec.history(CaptionSubmitted.class).get(2);
        GenericRecord caption =
                new GenericRecordBuilder(third)
                        .set("customId", "a")
                        .set("caption", "a dog")
                        .set("submittedAt", 1L)
                        .build();
        ByteBuffer bytes =
                new BinaryMessageEncoder<GenericRecord>(GenericData.get(), third).encode(caption);

        assertThat(
                        EventCodec.decode(CaptionSubmitted.class, EventCodec.bytes(bytes))
                                .getSeedScheme())
                .isEqualTo(SeedSchemes.MIXED);
        assertThat(
                        CaptionSubmitted.newBuilder()
                                .setCustomId("a")
                                .setCaption("a dog")
                                .setSubmittedAt(Examples.NOON)
                                .build()
                                .getSeedScheme())
                .isEqualTo(SeedSchemes.FIRST_IS_OWN);
    }

    @Test
    void aCaptionFromBeforeThereWereFormatsAsksForPng() throws IOException {
        Schema second = EventCodec.history(CaptionSubmitted.class).get(1);
        GenericRecord caption =
                new GenericRecordBuilder(second)
                        .set("customId", "a")
                        .set("caption", "a dog")
                        .set("submittedAt", 1L)
                        .build();
        ByteBuffer bytes =
                new BinaryMessageEncoder<GenericRecord>(GenericData.get(), second).encode(caption);
        CaptionSubmitted read = EventCodec.decode(CaptionSubmitted.class, EventCodec.bytes(bytes));
        assertThat(read.getCaption()).isEqualTo("a dog");
        assertThat(read.getOutputFormat()).isEqualTo("png");
        assertThat(read.getOutputCompression()).isEqualTo(100);
    }

    @Test
    void brokenBytesSayWhatIsWrong() {
        byte[] good = EventCodec.encode(new JobSubmitted("job-1", 3, Examples.NOON, null));
        byte[] unknown = good.clone();
        unknown[5] ^= 1;
        byte[] hugeLength = good.clone();
        Arrays.fill(hugeLength, 10, 14, (byte) 0xff);
        hugeLength[14] = 0x0f;

        assertMalformed(null, "the value is null");
        assertMalformed(new byte[0], "bad header");
        assertMalformed("{\"caption\": 1}".getBytes(), "bad header");
        assertMalformed(unknown, "unknown schema fingerprint");
        assertMalformed(Arrays.copyOf(good, good.length - 1), "truncated");
        assertMalformed(Arrays.copyOf(good, good.length + 1), "left over");
        assertMalformed(hugeLength, "broken");
    }

    @Test
    void anEventOfAnotherRecordIsRefused() {
        byte[] job = EventCodec.encode(new JobSubmitted("job-1", 3, Examples.NOON, null));
        assertThatExceptionOfType(MalformedEventException.class)
                .isThrownBy(() -> EventCodec.decode(CaptionSubmitted.class, job))
                .withMessageContaining("not a CaptionSubmitted: unknown schema fingerprint");
    }

    private static void assertMalformed(byte[] bytes, String reason) {
        assertThatExceptionOfType(MalformedEventException.class)
                .isThrownBy(() -> EventCodec.decode(JobSubmitted.class, bytes))
                .withMessageContaining("not a JobSubmitted")
                .withMessageContaining(reason);
    }
}
