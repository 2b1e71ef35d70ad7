package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Records of other programs on every topic, while a job runs. */
@Tag("faults")
class ForeignRecordsFaultIT {
    @TempDir static Path folder;
    private static Night night;

    @BeforeAll
    static void start() throws Exception {
        night = new Night(folder, new FaultReport());
    }

    @AfterAll
    static void end() throws Exception {
        night.close();
    }

    private static void send(Topic<?> topic, String key, byte[] value) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(night.kafka().producer())) {
            producer.send(new ProducerRecord<>(topic.name(), key.getBytes(UTF_8), value)).get();
        }
    }

    private static void send(Topic<?> topic, String key, SpecificRecord event) throws Exception {
        send(topic, key, EventCodec.encode(event));
    }

    /** All of events: whatever is in the others is none. */
    static List<Topic<?>> topics() {
        return Topics.ALL.stream().filter(topic -> topic.record() != byte[].class).toList();
    }

    /** On topics that a stage reads it becomes a dead letter, on the others it is skipped. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("topics")
    void noEvent(Topic<?> topic) throws Exception {
        List<Topic<?>> skipped =
                List.of(
                        Topics.JOBS,
                        Topics.JOB_EVENTS,
                        Topics.DEPLOYMENTS,
                        Topics.RESULTS,
                        Topics.RESULTS_JSON);
        List<String> letters =
                skipped.contains(topic)
                        ? List.of()
                        : List.of(
                                topic == Topics.CAPTIONS_JSON
                                        ? "invalid_json"
                                        : ReasonCodes.MALFORMED_EVENT);
        night.survives(
                "bytes that are no event on " + topic.name(),
                letters,
                job -> send(topic, "somebody-else", "not an event".getBytes(UTF_8)));
    }

    /** Names a running job, and one of its requests. */
    @Test
    void aCaptionThatTakesAnothersPlace() throws Exception {
        night.survives(
                "a foreign caption with the ids of a running job's request",
                List.of(ReasonCodes.INVALID_OPTION),
                job -> {
                    String customId = "caption-" + (Night.CAPTIONS - 1);
                    CaptionSubmitted foreign =
                            CaptionSubmitted.newBuilder()
                                    .setJobId(job.id())
                                    .setCustomId(customId)
                                    .setCaption("something else")
                                    .setSubmittedAt(Instant.now())
                                    .setOptions(
                                            DrawingOptions.newBuilder()
                                                    .setCandidates(4)
                                                    .setTop(1)
                                                    .build())
                                    .build();
                    send(
                            Topics.CAPTIONS.in(Lane.INTERACTIVE),
                            Ids.key(job.id(), Ids.requestId(job.id(), customId)),
                            foreign);
                });
    }

    @ParameterizedTest
    @ValueSource(ints = {2_000_000_000, 0, -2})
    void candidatesOutOfBounds(int candidates) throws Exception {
        night.survives(
                "a generation task with %,d candidates".formatted(candidates),
                List.of(ReasonCodes.INVALID_OPTION),
                job -> {
                    String id = "job-outside-" + Math.abs(candidates);
                    RequestRef request = new RequestRef(id, Ids.requestId(id, "x"), "x", "a heart");
                    send(
                            Topics.GENERATION_TASKS,
                            Ids.key(id, request.getRequestId()),
                            GenerationRequested.newBuilder()
                                    .setRequest(request)
                                    .setTextTokens(List.of(1, 2))
                                    .setTextEmbedding(ByteBuffer.allocate(4))
                                    .setPrimedTokens(ByteBuffer.allocate(0))
                                    .setSeed(1)
                                    .setRequestedAt(Instant.now())
                                    .setOptions(
                                            DrawingOptions.newBuilder()
                                                    .setCandidates(candidates)
                                                    .setTop(1)
                                                    .setTemperature(1.0)
                                                    .setGuidance(1.0)
                                                    .build())
                                    .build());
                });
    }

    private static JobCreated createdWithin(String window, Instant now) {
        return JobCreated.newBuilder()
                .setInputFileId("file-none")
                .setSkipInvalid(false)
                .setCompletionWindow("24h")
                .setExpiresAt(now.plus(Duration.ofDays(1)))
                .setMetadata(Map.of())
                .setApiUrl("http://localhost/")
                .setWindow(window)
                .build();
    }

    /** Ingest reads them at every start. */
    @Test
    void jobRecordsThatBreakTheRules() throws Exception {
        night.survives(
                "job records with a bad id, a bad total, a bad event; then ingest killed",
                job -> {
                    Instant now = Instant.now();
                    send(Topics.JOBS, "x", new JobSubmitted("../../x\u001b[2J", 3, now, null));
                    send(Topics.JOBS, "y", new JobSubmitted("job-y", -3, now, null));
                    send(
                            Topics.JOB_EVENTS,
                            "z",
                            new JobEvent("job-z", now, createdWithin("no hours at all", now)));
                    night.kill(Night.INGEST);
                });
    }
}
