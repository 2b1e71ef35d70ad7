package dev.nocturne.ingest.result;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.DeadLetters;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeadLetterBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String JOB = "job-from-kafka";
    private static final String REQUEST = Ids.requestId(JOB, "x");
    private static final byte[] KEY = Ids.key(JOB, REQUEST).getBytes(UTF_8);
    private static final byte[] NONSENSE = {7, 0, -1};

    private KafkaProducer<byte[], byte[]> transactions;
    private KafkaConsumer<byte[], byte[]> reader;
    private IngestService ingest;

    @BeforeEach
    void start() {
        transactions = new KafkaProducer<>(kafka.transactionalProducer("test"));
        transactions.initTransactions();
        reader = new KafkaConsumer<>(kafka.consumer());
        startService();
    }

    private void startService() {
        ingest = Ingest.service(kafka, store, new SimpleMeterRegistry(), Clock.systemUTC());
        ingest.start();
        await().atMost(PATIENCE).until(() -> ingest.health().ready());
    }

    @AfterEach
    void close() {
        ingest.close();
        reader.close();
        transactions.close();
    }

    @Test
    void thereAreNone() {
        assertThat(letters(null, 10)).isEmpty();
        for (String id : List.of("0-0", "0-99", "1-0", "nonsense")) {
            assertUnknown(id);
        }
    }

    @Test
    void listsTheLatestFirstPageByPage() {
        int count = 600; // more than are read at once
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            records.add(letter(Topics.CAPTIONS, i, KEY, NONSENSE));
        }
        publish(records);

        List<DeadLetter> all = new ArrayList<>();
        for (List<DeadLetter> page = letters(null, 97);
                !page.isEmpty();
                page = letters(all.get(all.size() - 1).id(), 97)) {
            assertThat(page).hasSizeLessThanOrEqualTo(97);
            all.addAll(page);
        }

        assertThat(all).hasSize(count);
        for (int i = 0; i < count; i++) {
            assertThat(all.get(i).offset()).isEqualTo(count - 1 - i);
        }
        DeadLetter latest = all.get(0);
        assertThat(latest.at()).isBetween(Instant.now().minusSeconds(600), Instant.now());
        assertThat(latest)
                .isEqualTo(
                        new DeadLetter(
                                latest.id(),
                                latest.at(),
                                "encoder",
                                "malformed_event",
                                "not a caption",
                                "captions",
                                3,
                                count - 1L,
                                new String(KEY, UTF_8),
                                JOB,
                                REQUEST,
                                3,
                                null));
        assertThatThrownBy(() -> letters("nonsense", 1)).isInstanceOf(IngestException.class);
    }

    @Test
    void opensWhatItKnowsAndShowsTheBytesOfTheRest() throws IOException {
        publish(
                List.of(
                        letter(Topics.TOKEN_GRIDS, 0, KEY, EventCodec.encode(grids())),
                        letter(Topics.CAPTIONS, 1, "mine".getBytes(UTF_8), caption()),
                        letter(Topics.CAPTIONS, 2, null, NONSENSE),
                        letter(Topics.CAPTIONS, 3, null, null)));
        List<DeadLetter> letters = letters(null, 10);

        DeadLetter.Opened drawn = ingest.api().deadLetters().letter(letters.get(3).id());
        assertThat(drawn.letter()).isEqualTo(letters.get(3));
        assertThat(drawn.schema()).isEqualTo("GridsDrawn");
        assertThat(drawn.payload().at("/request/custom_id").textValue()).isEqualTo("x");
        assertThat(drawn.payload().at("/grids/0/tokens").binaryValue()).containsExactly(1, 2);
        assertThat(drawn.payload().at("/options/top_k").intValue()).isEqualTo(5);
        assertThat(drawn.payload().fieldNames())
                .toIterable()
                .hasSize(GridsDrawn.getClassSchema().getFields().size());
        assertThat(drawn.headers())
                .containsEntry("dead-letter-topic", "token-grids")
                .containsEntry("nocturne-stage", "encoder")
                .containsEntry("trace", "abc");

        DeadLetter.Opened caption = ingest.api().deadLetters().letter(letters.get(2).id());
        assertThat(caption.letter().key()).isEqualTo("mine");
        assertThat(caption.letter().jobId()).isEqualTo("caption-alone");
        assertThat(caption.letter().requestId()).isEqualTo(Ids.requestId("caption-alone", "alone"));
        assertThat(caption.payload().get("submitted_at").textValue())
                .isEqualTo("2026-01-01T20:00:00Z");

        DeadLetter.Opened nonsense = ingest.api().deadLetters().letter(letters.get(1).id());
        assertThat(nonsense.schema()).isNull();
        assertThat(nonsense.letter().jobId()).isNull();
        assertThat(Base64.getDecoder().decode(nonsense.payload().textValue())).isEqualTo(NONSENSE);

        DeadLetter.Opened empty = ingest.api().deadLetters().letter(letters.get(0).id());
        assertThat(empty.payload().isNull()).isTrue();
        assertThat(empty.letter().bytes()).isZero();

        JsonNode json = new ObjectMapper().findAndRegisterModules().valueToTree(drawn);
        assertThat(json.has("letter")).isFalse();
        assertThat(json.get("reason_code").textValue()).isEqualTo("malformed_event");
    }

    @Test
    void replaysToEveryStageOnceAndKnowsItAfterARestart() {
        byte[] value = EventCodec.encode(grids());
        byte[] strange = "strange".getBytes(UTF_8);
        List<Topic<?>> topics =
                List.of(
                        Topics.CAPTIONS,
                        Topics.GENERATION_TASKS,
                        Topics.TOKEN_GRIDS,
                        Topics.SCORED_GRIDS,
                        Topics.SELECTIONS);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (Topic<?> topic : topics) {
            boolean decided = topic == Topics.SCORED_GRIDS;
            records.add(letter(topic, 5, decided ? strange : KEY, decided ? NONSENSE : value));
        }
        publish(records);
        List<DeadLetter> before = letters(null, 10);

        for (DeadLetter letter : before) {
            DeadLetter replayed = ingest.api().deadLetters().replay(letter.id());
            assertThat(replayed.replayedAt()).isNotNull();
            assertThat(ingest.api().deadLetters().replay(letter.id())).isEqualTo(replayed);

            List<ConsumerRecord<byte[], byte[]>> published = awaitRecords(letter.topic(), 1);
            boolean decided = letter.topic().equals(Topics.SCORED_GRIDS.name());
            assertThat(published.get(0).partition()).isEqualTo(letter.partition());
            assertThat(published.get(0).key()).isEqualTo(decided ? strange : KEY);
            assertThat(published.get(0).value()).isEqualTo(decided ? NONSENSE : value);
            assertThat(published.get(0).headers().toArray())
                    .extracting(header -> header.key() + "=" + new String(header.value(), UTF_8))
                    .containsExactlyInAnyOrder("trace=abc", "nocturne-replay-of=" + letter.id());
        }

        List<DeadLetter> after = letters(null, 10);
        assertThat(after).extracting(DeadLetter::id).isEqualTo(ids(before));
        assertThat(after).extracting(DeadLetter::replayedAt).doesNotContainNull();
        assertUnknown("0-" + awaitRecords("dead-letters", 10).get(9).offset()); // a mark
        ingest.close();
        startService();
        assertThat(letters(null, 10)).isEqualTo(after);
        assertThat(letters(after.get(1).id(), 1)).containsExactly(after.get(2));
        ingest.api().deadLetters().replay(after.get(0).id());
        assertThat(read(after.get(0).topic())).hasSize(1);
    }

    @Test
    void twoInstancesReplayInTurnsAndALetterOnce() throws Exception {
        publish(
                List.of(
                        letter(Topics.CAPTIONS, 0, null, NONSENSE),
                        letter(Topics.CAPTIONS, 1, null, NONSENSE),
                        letter(Topics.CAPTIONS, 2, null, NONSENSE)));
        List<String> ids = ids(letters(null, 10));
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (DeadLetterLog other = new DeadLetterLog(kafka, id -> false, Clock.systemUTC())) {
            DeadLetterLog own = ingest.api().deadLetters();
            own.replay(ids.get(0));
            other.replay(ids.get(1));
            Future<DeadLetter> first = threads.submit(() -> own.replay(ids.get(2)));
            Future<DeadLetter> second = threads.submit(() -> other.replay(ids.get(2)));

            assertThat(first.get().replayedAt()).isNotNull();
            assertThat(second.get().replayedAt()).isNotNull();
            assertThat(awaitRecords("captions", 3)).hasSize(3);
            assertThat(read("captions")).hasSize(3);
            assertThat(other.replay(ids.get(0)).replayedAt()).isNotNull();
            assertThat(read("captions")).hasSize(3);
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aRecordThatFailsAgainIsALetterOfItsOwn() {
        publish(List.of(letter(Topics.CAPTIONS, 0, null, NONSENSE)));
        String first = letters(null, 1).get(0).id();
        ingest.api().deadLetters().replay(first);
        publish(List.of(letter(awaitRecords("captions", 1).get(0))));

        DeadLetter second = letters(null, 1).get(0);
        assertThat(second.id()).isNotEqualTo(first);
        assertThat(second.replayedAt()).isNull();
        assertThat(ingest.api().deadLetters().letter(second.id()).headers())
                .containsEntry("nocturne-replay-of", first);
        ingest.api().deadLetters().replay(second.id());
        awaitRecords("captions", 2);
    }

    @Test
    void refusesWhatWouldChangeNothing() throws IOException {
        String job =
                ingest.api()
                        .jobs()
                        .submit(
                                new CaptionUpload(
                                        new ByteArrayInputStream(
                                                "{\"prompt\":\"a\"}".getBytes(UTF_8)),
                                        null,
                                        Map.of()),
                                null,
                                "http://localhost/")
                        .job()
                        .id();
        byte[] key = Ids.key(job, Ids.requestId(job, "line-1")).getBytes(UTF_8);
        RequestFinished failed = JobStateTest.failed(job, "line-1", 1);
        ProducerRecord<byte[], byte[]> toElsewhere = letter(Topics.CAPTIONS, 4, KEY, NONSENSE);
        toElsewhere.headers().remove("dead-letter-topic");
        toElsewhere.headers().add("dead-letter-topic", "dead-letters".getBytes(UTF_8));
        publish(
                List.of(
                        letter(Topics.GENERATION_TASKS, 0, key, NONSENSE),
                        letter(Topics.SCORED_GRIDS, 1, KEY, NONSENSE),
                        letter(Topics.CAPTIONS, 2, KEY, new byte[1_000_000]),
                        toElsewhere,
                        new ProducerRecord<>(
                                Topics.RESULTS.name(), key, EventCodec.encode(failed))));
        List<DeadLetter> letters = letters(null, 10);

        assertRefused(letters.get(0), "unknown_topic", "dead-letters");
        assertRefused(letters.get(1), "letter_cut", "too large");
        assertRefused(letters.get(2), "already_decided", "another custom_id");
        assertRefused(letters.get(3), "counted_as_failed", "POST /v1/batches/" + job);

        assertThat(letters(null, 10)).isEqualTo(letters);
        for (String topic : List.of("generation-tasks", "scored-grids")) {
            assertThat(read(topic)).isEmpty();
        }
    }

    /** The first result of a request counts, whatever a replay leads to. */
    @Test
    void aReplayChangesNoCount() throws IOException {
        publish(
                List.of(
                        new ProducerRecord<>(
                                Topics.JOBS.name(),
                                JOB.getBytes(UTF_8),
                                EventCodec.encode(JobStateTest.submitted(JOB, 1))),
                        letter(Topics.SELECTIONS, 0, KEY, NONSENSE),
                        result(JobStateTest.failed(JOB, "x", 1))));
        Job.Counts counts = new Job.Counts(1, 0, 1, 0, 0, 0);
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> ingest.api().jobs().job(JOB).status() == Job.Status.COMPLETED);

        ingest.api().deadLetters().replay(letters(null, 1).get(0).id());
        publish(List.of(result(JobStateTest.completed(JOB, "x", 9))));
        ingest.close();
        startService();

        assertThat(ingest.api().jobs().job(JOB).counts()).isEqualTo(counts);
        List<RequestResult> results = new ArrayList<>();
        ingest.api().results().read(JOB, results::add);
        assertThat(results)
                .extracting(RequestResult::status)
                .containsExactly(RequestResult.Status.FAILED);
    }

    private List<DeadLetter> letters(String after, int limit) {
        return ingest.api().deadLetters().letters(after, limit);
    }

    private static List<String> ids(List<DeadLetter> letters) {
        return letters.stream().map(DeadLetter::id).toList();
    }

    private void assertUnknown(String id) {
        assertThatThrownBy(() -> ingest.api().deadLetters().letter(id))
                .as(id)
                .isInstanceOf(IngestException.class)
                .hasMessageContaining("'%s' is not known", id);
        assertThatThrownBy(() -> ingest.api().deadLetters().replay(id))
                .as(id)
                .isInstanceOf(IngestException.class);
    }

    private void assertRefused(DeadLetter letter, String code, String word) {
        assertThatThrownBy(() -> ingest.api().deadLetters().replay(letter.id()))
                .isInstanceOfSatisfying(
                        IngestException.class,
                        refusal -> {
                            assertThat(refusal.kind()).isEqualTo(IngestException.Kind.CONFLICT);
                            assertThat(refusal.problems().get(0).code()).isEqualTo(code);
                        })
                .hasMessageContaining(word);
    }

    /** As a stage makes it of a record of the topic. */
    private static ProducerRecord<byte[], byte[]> letter(
            Topic<?> topic, long offset, byte[] key, byte[] value) {
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>(topic.name(), 3, offset, key, value);
        record.headers().add("trace", "abc".getBytes(UTF_8));
        return letter(record);
    }

    private static ProducerRecord<byte[], byte[]> letter(ConsumerRecord<byte[], byte[]> record) {
        return DeadLetters.deadLetter(
                "encoder",
                record,
                new PermanentException(ReasonCodes.MALFORMED_EVENT, "not a caption"));
    }

    private static ProducerRecord<byte[], byte[]> result(RequestFinished result) {
        return new ProducerRecord<>(Topics.RESULTS.name(), KEY, EventCodec.encode(result));
    }

    private void publish(List<ProducerRecord<byte[], byte[]>> records) {
        transactions.beginTransaction();
        Map<TopicPartition, Long> ends = new ConcurrentHashMap<>();
        for (ProducerRecord<byte[], byte[]> record : records) {
            transactions.send(
                    record,
                    (sent, error) ->
                            ends.merge(
                                    new TopicPartition(sent.topic(), sent.partition()),
                                    sent.offset() + 1,
                                    Math::max));
        }
        transactions.commitTransaction();
        // readers see a transaction a moment after its commit is promised
        await().atMost(PATIENCE)
                .until(
                        () -> {
                            Map<TopicPartition, Long> there = reader.endOffsets(ends.keySet());
                            return ends.entrySet().stream()
                                    .allMatch(end -> there.get(end.getKey()) > end.getValue());
                        });
    }

    private static byte[] caption() {
        return EventCodec.encode(
                CaptionSubmitted.newBuilder()
                        .setCustomId("alone")
                        .setCaption("a pear")
                        .setSubmittedAt(Instant.parse("2026-01-01T20:00:00Z"))
                        .build());
    }

    private static GridsDrawn grids() {
        return GridsDrawn.newBuilder()
                .setRequest(new RequestRef(JOB, REQUEST, "x", "a pear"))
                .setTextEmbedding(ByteBuffer.allocate(4))
                .setModel("m")
                .setGridHeight(1)
                .setGridWidth(1)
                .setGrids(List.of(new DrawnGrid(0, 1L, -2.5, ByteBuffer.wrap(new byte[] {1, 2}))))
                .setOptions(
                        DrawingOptions.newBuilder()
                                .setCandidates(1)
                                .setTop(1)
                                .setTemperature(1.0)
                                .setTopK(5)
                                .setGuidance(1.0)
                                .build())
                .build();
    }

    private List<ConsumerRecord<byte[], byte[]>> awaitRecords(String topic, int count) {
        return await().atMost(PATIENCE)
                .until(() -> read(topic), records -> records.size() == count);
    }

    /** All committed records of a topic. */
    private List<ConsumerRecord<byte[], byte[]>> read(String topic) {
        List<TopicPartition> partitions =
                reader.partitionsFor(topic).stream()
                        .map(info -> new TopicPartition(info.topic(), info.partition()))
                        .toList();
        reader.assign(partitions);
        reader.seekToBeginning(partitions);
        Map<TopicPartition, Long> ends = reader.endOffsets(partitions);
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        while (partitions.stream().anyMatch(p -> reader.position(p) < ends.get(p))) {
            reader.poll(Duration.ofMillis(100)).forEach(records::add);
        }
        return records;
    }
}
