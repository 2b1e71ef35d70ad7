package dev.nocturne.rerank;

import static dev.nocturne.rerank.ScoredGrids.event;
import static dev.nocturne.rerank.ScoredGrids.grid;
import static dev.nocturne.rerank.ScoredGrids.key;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.SentAgain;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RerankTopologyTest {

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final MeterRegistry meters = new SimpleMeterRegistry();

    @TempDir Path stateDir;

    private TopologyTestDriver driver;
    private TestInputTopic<byte[], byte[]> scoredGrids;
    private TestOutputTopic<byte[], byte[]> selections;
    private TestOutputTopic<byte[], byte[]> results;
    private TestOutputTopic<byte[], byte[]> jsonResults;
    private TestOutputTopic<byte[], byte[]> deadLetters;

    @BeforeEach
    void start() {
        KafkaSettings kafka = new KafkaSettings("unused:1", Map.of());
        driver =
                new TopologyTestDriver(
                        RerankTopology.build(Topics.RETENTION, meters),
                        RerankService.config(kafka, stateDir),
                        START);
        ByteArraySerializer in = new ByteArraySerializer();
        ByteArrayDeserializer out = new ByteArrayDeserializer();
        scoredGrids =
                driver.createInputTopic(
                        Topics.SCORED_GRIDS.name(), in, in, START, Duration.ofSeconds(1));
        selections = driver.createOutputTopic(Topics.SELECTIONS.name(), out, out);
        results = driver.createOutputTopic(Topics.RESULTS.name(), out, out);
        jsonResults = driver.createOutputTopic(Topics.RESULTS_JSON.name(), out, out);
        deadLetters = driver.createOutputTopic(Topics.DEAD_LETTERS.name(), out, out);
    }

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void tellsHowLongRecordsWaitInEachLane() {
        send(event("a", 4, 2, grid(3, 0.4)));

        assertThat(waits("bulk").count()).isOne();
        assertThat(waits("bulk").max(TimeUnit.DAYS))
                .isCloseTo(Duration.between(START, Instant.now()).toDays(), within(1.0));
        assertThat(waits("interactive").count()).isZero();
    }

    private Timer waits(String lane) {
        return meters.get("nocturne.stage.queue").tags("stage", "rerank", "lane", lane).timer();
    }

    @Test
    void ranksOnceAllCandidatesAreIn() {
        send(event("a", 4, 2, grid(3, 0.4), grid(0, 0.1)));
        assertThat(selections.isEmpty()).isTrue();

        send(event("a", 4, 2, grid(1, 0.9), grid(2, 0.2)));

        TestRecord<byte[], byte[]> record = selections.readRecord();
        assertThat(new String(record.key(), UTF_8)).isEqualTo(key("a"));
        CandidatesRanked ranked = EventCodec.decode(CandidatesRanked.class, record.value());
        assertThat(ranked.getRequest()).isEqualTo(ScoredGrids.request("a"));
        assertThat(ranked.getOptions().getCandidates()).isEqualTo(4);
        assertThat(ranked.getOptions().getOutputFormat()).isEqualTo("webp");
        assertThat(ranked.getOptions().getOutputCompression()).isEqualTo(80);
        assertThat(ranked.getMeanScore()).isCloseTo(0.4, within(1e-6));
        assertThat(ranked.getWinners()).extracting(RankedGrid::getCandidate).containsExactly(1, 3);
        assertThat(ranked.getOthers())
                .extracting(OtherCandidate::getCandidate, OtherCandidate::getSeed)
                .containsExactly(tuple(2, 102L), tuple(0, 100L));
        assertThat(PackedTokens.unpack(ranked.getOtherTokens(), 2, 2))
                .containsExactly(grid(2, 0).getTokens(), grid(0, 0).getTokens());
        assertThat(selections.isEmpty()).isTrue();
        assertThat(results.isEmpty()).isTrue();
    }

    /** While one model takes another's place, a request may be drawn by both. */
    @Test
    void candidatesOfTwoModelsAreNeverCompared() {
        send(event("a", 2, 1, grid(0, 0.9)));
        send(ofModel("test@1", event("a", 2, 1, grid(1, 0.2))));
        assertThat(selections.isEmpty()).isTrue();

        send(ofModel("test@1", event("a", 2, 1, grid(0, 0.1))));
        CandidatesRanked ranked = EventCodec.decode(CandidatesRanked.class, selections.readValue());
        assertThat(ranked.getModel()).isEqualTo("test@1");
        assertThat(ranked.getWinners()).extracting(RankedGrid::getScore).containsExactly(0.2f);

        send(ofModel("test@1", event("a", 2, 1, grid(0, 0.8), grid(1, 0.9))));
        assertThat(selections.isEmpty()).as("decided").isTrue();

        driver.advanceWallClockTime(RerankTopology.MEMORY.plusDays(1));
        assertThat(results.isEmpty()).as("what the first has left is no failure").isTrue();
    }

    /** The decoders had another model by the time that the first ones were ranked. */
    @Test
    void aRequestThatIsDrawnAgainIsRankedAgain() {
        send(event("a", 1, 1, grid(0, 0.9)));
        send(ofModel("test@1", event("a", 1, 1, grid(0, 0.1))));
        assertThat(selections.readValuesToList())
                .extracting(value -> EventCodec.decode(CandidatesRanked.class, value).getModel())
                .containsExactly("test@0", "test@1");
    }

    private static GridsScored ofModel(String model, GridsScored event) {
        return GridsScored.newBuilder(event).setModel(model).build();
    }

    /** A grid of 65,536 codes cannot be packed: its record must fit without it. */
    @Test
    void othersThatDoNotFitAMessageAreKeptWithoutTokens() {
        Random random = new Random(1);
        List<ScoredGrid> grids = new ArrayList<>();
        for (int candidate = 0; candidate < 512; candidate++) {
            byte[] tokens = new byte[2 * 1024];
            random.nextBytes(tokens);
            grids.add(
                    ScoredGrid.newBuilder(grid(candidate, candidate / 1000.0))
                            .setTokens(ByteBuffer.wrap(tokens))
                            .build());
        }
        for (List<ScoredGrid> some : List.of(grids.subList(0, 300), grids.subList(300, 512))) {
            send(
                    GridsScored.newBuilder(event("a", 512, 64, some))
                            .setGridHeight(32)
                            .setGridWidth(32)
                            .build());
        }

        byte[] value = selections.readValue();
        assertThat(value.length).isLessThan(1 << 20);
        CandidatesRanked ranked = EventCodec.decode(CandidatesRanked.class, value);
        assertThat(ranked.getWinners().get(0).getTokens()).isEqualTo(grids.get(511).getTokens());
        assertThat(ranked.getOthers()).hasSize(448);
        assertThat(ranked.getOtherTokens().hasRemaining()).isFalse();
    }

    /** As most do: their decode batch is their record. */
    @Test
    void candidatesThatComeTogetherAreNotWrittenToTheChangelog() {
        TestOutputTopic<byte[], byte[]> pending =
                driver.createOutputTopic(
                        RerankTopology.changelogs(Lane.BULK).get(0),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer());

        send(event("a", 2, 1, grid(0, 0.1), grid(1, 0.2)));
        assertThat(winners()).containsExactly(1);
        assertThat(pending.isEmpty()).isTrue();

        send(event("b", 2, 1, grid(0, 0.1)));
        assertThat(pending.readValuesToList()).hasSize(1);
        send(event("b", 2, 1, grid(1, 0.2)));
        assertThat(winners()).containsExactly(1);
        assertThat(pending.readValuesToList()).as("deleted").containsExactly((byte[]) null);
    }

    @Test
    void candidatesThatWaitAreWrittenOnceAndARecordOfThemIsOneEntry() {
        TestOutputTopic<byte[], byte[]> pending =
                driver.createOutputTopic(
                        RerankTopology.changelogs(Lane.BULK).get(0),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer());

        send(event("a", 5, 5, grid(0, 0.1), grid(1, 0.2), grid(2, 0.3)));
        send(event("a", 5, 5, grid(2, 0.9), grid(3, 0.4)));
        send(event("a", 5, 5, grid(0, 0.9), grid(3, 0.9)));
        assertThat(pending.readValuesToList()).hasSize(2);

        send(event("a", 5, 5, grid(4, 0.25)));
        assertThat(winners()).containsExactly(3, 2, 4, 1, 0);
        assertThat(pendingCandidates()).isEmpty();
    }

    @Test
    void requestsDoNotMix() {
        send(event("a", 2, 1, grid(0, 0.1)));
        send(event("b", 2, 1, grid(1, 0.2)));
        assertThat(selections.isEmpty()).isTrue();

        send(event("b", 2, 1, grid(0, 0.3)));

        assertThat(winners()).containsExactly(0);
    }

    @Test
    void aCandidateCountsOnceWithItsFirstScore() {
        send(event("a", 2, 2, grid(0, 0.1)));
        send(event("a", 2, 2, grid(0, 0.9)));
        assertThat(selections.isEmpty()).isTrue();

        send(event("a", 2, 2, grid(1, 0.5)));

        assertThat(winners()).containsExactly(1, 0);
    }

    @Test
    void forgetsCandidatesAndIgnoresDuplicatesAfterTheDecision() {
        send(event("a", 2, 1, grid(0, 0.1), grid(1, 0.2)));
        assertThat(winners()).containsExactly(1);
        assertThat(pendingCandidates()).isEmpty();

        send(event("a", 2, 1, grid(0, 0.1), grid(1, 0.2)));

        assertThat(selections.isEmpty()).isTrue();
        assertThat(pendingCandidates()).isEmpty();
    }

    @Test
    void aRequestThatIsSentAgainIsRankedAgain() {
        send(event("a", 2, 1, grid(0, 0.1), grid(1, 0.2)));
        send(event("b", 2, 1, grid(0, 0.1)));
        assertThat(winners()).containsExactly(1);

        for (String request : List.of("a", "b")) {
            ProducerRecord<byte[], byte[]> mark = SentAgain.mark(key(request));
            scoredGrids.pipeInput(new TestRecord<>(mark.key(), mark.value(), mark.headers()));
        }
        assertThat(pendingCandidates()).isEmpty();
        send(event("a", 2, 1, grid(0, 0.1), grid(1, 0.2)));
        assertThat(winners()).containsExactly(1);
        send(event("b", 2, 1, grid(1, 0.3)));
        assertThat(selections.isEmpty()).as("grid 0 is to come again").isTrue();
        assertThat(results.isEmpty()).isTrue();
    }

    @Test
    void theLargestRequestInManyRecordsOutOfOrder() {
        for (int start = 448; start >= 0; start -= 64) {
            List<ScoredGrid> grids = new ArrayList<>();
            for (int candidate = start; candidate < start + 64; candidate++) {
                grids.add(grid(candidate, candidate / 1000.0));
            }
            send(event("a", 512, 64, grids));
        }

        assertThat(winners()).hasSize(64).startsWith(511, 510).endsWith(448);
    }

    @Test
    void decisionsAreForgottenWithTheRecordsTheyAreMadeOf() {
        send(event("a", 1, 1, grid(0, 0.1)));
        assertThat(winners()).containsExactly(0);

        Instant later = START.plus(RerankTopology.MEMORY.multipliedBy(3));
        scoredGrids.pipeInput(
                key("b").getBytes(UTF_8), EventCodec.encode(event("b", 1, 1, grid(0, 0.1))), later);
        winners();
        scoredGrids.pipeInput(
                key("a").getBytes(UTF_8), EventCodec.encode(event("a", 1, 1, grid(0, 0.1))), later);

        assertThat(winners()).containsExactly(0);
    }

    @Test
    void anIncompleteRequestFailsWhenItsCandidatesExpire() {
        send(event("a", 3, 1, grid(0, 0.1), grid(2, 0.2)));
        driver.advanceWallClockTime(RerankTopology.MEMORY);
        assertThat(results.isEmpty()).isTrue();

        driver.advanceWallClockTime(Duration.ofHours(1));

        RequestFinished result = EventCodec.decode(RequestFinished.class, results.readValue());
        assertThat(result.getStatus()).isEqualTo(RequestStatus.FAILED);
        assertThat(result.getRequest()).isEqualTo(ScoredGrids.request("a"));
        assertThat(result.getFailure().getMessage())
                .isEqualTo("only 2 of 3 candidates arrived within 168 hours");
        TestRecord<byte[], byte[]> json = jsonResults.readRecord();
        assertThat(new String(json.key(), UTF_8)).isEqualTo(key("a"));
        assertThat(new String(json.value(), UTF_8))
                .contains("\"message\":\"only 2 of 3 candidates arrived within 168 hours\"");
        assertThat(pendingCandidates()).isEmpty();
    }

    static Stream<Arguments> poison() {
        return Stream.of(
                arguments(new byte[] {1, 2, 3}, "malformed_event", "not a GridsScored"),
                arguments(null, "malformed_event", "not a GridsScored"),
                arguments(event("other", 1, 1, grid(0, 0.1)), "malformed_event", "key '"),
                arguments(event("a", 0, 1, grid(0, 0.1)), "invalid_option", "candidates is 0"),
                arguments(event("a", 513, 1, grid(0, 0.1)), "invalid_option", "candidates is 513"),
                arguments(event("a", 2, 0, grid(0, 0.1)), "invalid_option", "top is 0"),
                arguments(event("a", 2, 3, grid(0, 0.1)), "invalid_option", "top is 3"),
                arguments(event("a", 2, 1), "invalid_option", "there is no candidate"),
                arguments(event("a", 2, 1, grid(2, 0.1)), "invalid_option", "candidate is 2"),
                arguments(event("a", 2, 1, grid(-1, 0.1)), "invalid_option", "candidate is -1"),
                arguments(event("a", 2, 1, grid(0, Double.NaN)), "invalid_option", "score"));
    }

    private static Arguments arguments(Object value, String code, String reason) {
        return Arguments.of(
                value instanceof GridsScored event ? EventCodec.encode(event) : value,
                code,
                reason);
    }

    @ParameterizedTest
    @MethodSource("poison")
    void poisonBecomesADeadLetterAndItsRequestFailsOnce(byte[] value, String code, String reason) {
        send(event("a", 2, 1, grid(0, 0.1)));
        scoredGrids.pipeInput(key("a").getBytes(UTF_8), value);
        scoredGrids.pipeInput(key("a").getBytes(UTF_8), value);

        TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
        assertThat(letter.value()).isEqualTo(value);
        assertThat(header(letter, "dead-letter-topic")).isEqualTo(Topics.SCORED_GRIDS.name());
        assertThat(header(letter, "dead-letter-partition")).isEqualTo("0");
        assertThat(header(letter, "dead-letter-offset")).isEqualTo("1");
        assertThat(header(letter, "nocturne-reason-code")).isEqualTo(code);
        assertThat(header(letter, "dead-letter-reason")).contains(reason);
        assertThat(deadLetters.getQueueSize()).isEqualTo(1);

        RequestFinished result = EventCodec.decode(RequestFinished.class, results.readValue());
        assertThat(result.getStatus()).isEqualTo(RequestStatus.FAILED);
        assertThat(result.getRequest().getRequestId())
                .isEqualTo(ScoredGrids.request("a").getRequestId());
        assertThat(result.getFailure().getStage()).isEqualTo("rerank");
        assertThat(results.isEmpty()).isTrue();
        assertThat(new String(jsonResults.readValue(), UTF_8))
                .contains("\"code\":\"%s\"".formatted(code));
        assertThat(jsonResults.isEmpty()).isTrue();

        send(event("a", 2, 1, grid(1, 0.2)));
        assertThat(selections.isEmpty()).isTrue();
        assertThat(pendingCandidates()).isEmpty();
    }

    /** Each is good by itself, as no two that one generator writes are. */
    @Test
    void candidatesThatAreTooLargeTogetherFailTheirRequest() {
        for (int candidate = 0; candidate < 2; candidate++) {
            send(
                    GridsScored.newBuilder(event("a", 3, 1, List.of()))
                            .setGridHeight(1)
                            .setGridWidth(300_000)
                            .setGrids(
                                    List.of(
                                            ScoredGrid.newBuilder(grid(candidate, 0.5))
                                                    .setTokens(ByteBuffer.allocate(600_000))
                                                    .build()))
                            .build());
        }
        send(event("a", 3, 3, grid(2, 0.1)));

        assertThat(selections.isEmpty()).isTrue();
        assertThat(header(deadLetters.readRecord(), "nocturne-reason-code"))
                .isEqualTo("invalid_option");
        assertThat(EventCodec.decode(RequestFinished.class, results.readValue()).getStatus())
                .isEqualTo(RequestStatus.FAILED);
        assertThat(pendingCandidates()).isEmpty();
    }

    @Test
    void poisonWithoutAUsableKeyFailsNoRequest() {
        scoredGrids.pipeInput((byte[]) null, new byte[] {1});
        scoredGrids.pipeInput("nonsense".getBytes(UTF_8), new byte[] {1});

        assertThat(deadLetters.getQueueSize()).isEqualTo(2);
        assertThat(results.isEmpty()).isTrue();
    }

    private void send(GridsScored event) {
        String key = key(event.getRequest().getCustomId());
        scoredGrids.pipeInput(key.getBytes(UTF_8), EventCodec.encode(event));
    }

    private List<Integer> winners() {
        return EventCodec.decode(CandidatesRanked.class, selections.readValue())
                .getWinners()
                .stream()
                .map(RankedGrid::getCandidate)
                .toList();
    }

    private List<String> pendingCandidates() {
        List<String> keys = new ArrayList<>();
        try (var entries =
                driver.<String, GridsScored>getTimestampedKeyValueStore(
                                RerankTopology.PENDING_CANDIDATES)
                        .all()) {
            entries.forEachRemaining(entry -> keys.add(entry.key));
        }
        return keys;
    }

    private static String header(TestRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), UTF_8);
    }
}
