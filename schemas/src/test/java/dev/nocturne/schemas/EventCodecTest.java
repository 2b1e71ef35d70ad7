package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.JobSubmitted;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.SchemaValidationException;
import org.apache.avro.SchemaValidatorBuilder;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;
import org.apache.avro.util.ClassSecurityValidator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
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
        List<Schema> newestFirst = new ArrayList<>(EventCodec.history(event.getClass()));
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
                .filteredOn(topic -> topic.record() != byte[].class)
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
        assertThat(read.getOptions()).isEqualTo(DrawingOptions.newBuilder().build());
        assertThat(read.getOptions().getCandidates()).isEqualTo(16);
        assertThat(read.getOptions().getTop()).isEqualTo(4);
        assertThat(read.getOptions().getTemperature()).isNull();
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
                                .getOptions()
                                .getSeedScheme())
                .isEqualTo(SeedSchemes.MIXED);
        assertThat(
                        CaptionSubmitted.newBuilder()
                                .setCustomId("a")
                                .setCaption("a dog")
                                .setSubmittedAt(Examples.NOON)
                                .build()
                                .getOptions()
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
        assertThat(read.getOptions().getOutputFormat()).isEqualTo("png");
        assertThat(read.getOptions().getOutputCompression()).isEqualTo(100);
    }

    static Stream<Arguments> flatVersions() {
        return Examples.EVENTS.stream()
                .filter(event -> FlatOptions.areNested(event.getSchema()))
                .flatMap(
                        event ->
                                EventCodec.history(event.getClass()).stream()
                                        .filter(version -> !FlatOptions.areNested(version))
                                        .map(version -> arguments(event, version)));
    }

    /** As they lie in the topics of the version before, and as producers go on to write them. */
    @ParameterizedTest
    @MethodSource("flatVersions")
    void optionsThatStandBesideTheOtherFieldsAreReadIntoTheirRecord(
            SpecificRecord event, Schema flat) throws IOException {
        DrawingOptions options = (DrawingOptions) field(event, FlatOptions.FIELD);

        SpecificRecord read = EventCodec.decode(event.getClass(), flatBytes(event, flat));

        DrawingOptions readOptions = (DrawingOptions) field(read, FlatOptions.FIELD);
        for (Schema.Field field : flat.getFields()) {
            boolean isOption = options.getSchema().getField(field.name()) != null;
            assertThat(field(isOption ? readOptions : read, field.name()))
                    .as(field.name())
                    .isEqualTo(field(isOption ? options : event, field.name()));
        }
        assertThat(EventCodec.decode(event.getClass(), EventCodec.encode(read)))
                .as("in the new encoding")
                .isEqualTo(read);
    }

    @Test
    void anOptionThatWasNotThereYetHasTheValueThatItHadThen() throws IOException {
        SpecificRecord event = example(GenerationRequested.class);
        Schema first = EventCodec.history(GenerationRequested.class).get(0);

        DrawingOptions options =
                EventCodec.decode(GenerationRequested.class, flatBytes(event, first)).getOptions();

        assertThat(first.getField("guidance")).isNull();
        assertThat(options.getGuidance()).as("off, and not the model's own").isEqualTo(1.0);
        assertThat(options.getSeedScheme()).isEqualTo(SeedSchemes.MIXED);
        assertThat(options.getPartialImages()).isZero();
    }

    private static SpecificRecord example(Class<?> record) {
        return Examples.EVENTS.stream().filter(record::isInstance).findFirst().orElseThrow();
    }

    private static Object field(SpecificRecord record, String name) {
        return record.get(record.getSchema().getField(name).pos());
    }

    /** The event as a program writes it that has the flat schema. */
    private static byte[] flatBytes(SpecificRecord event, Schema flat) throws IOException {
        SpecificData data = new SpecificData();
        data.addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
        SpecificRecord options = (SpecificRecord) field(event, FlatOptions.FIELD);
        GenericRecordBuilder record = new GenericRecordBuilder(flat);
        for (Schema.Field field : flat.getFields()) {
            boolean isOption = options.getSchema().getField(field.name()) != null;
            record.set(field, field(isOption ? options : event, field.name()));
        }
        return EventCodec.bytes(
                new BinaryMessageEncoder<GenericRecord>(data, flat).encode(record.build()));
    }

    /** Others write it: they need one file. */
    @Test
    void theNewestCaptionStandsWholeInItsHistory() throws IOException {
        int versions = EventCodec.history(CaptionSubmitted.class).size();
        String path = "/history/CaptionSubmitted/v%d.avsc".formatted(versions);
        try (InputStream file = EventCodecTest.class.getResourceAsStream(path)) {
            assertThat(new Schema.Parser().parse(file)).isEqualTo(CaptionSubmitted.SCHEMA$);
        }
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
