package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WaitingRecordsTest {

    private static final Topic<CaptionSubmitted> INPUT = Topics.CAPTIONS;
    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    /** Takes four at a time, and fills up to five with what is waiting in the other lane. */
    private static final Stage<CaptionSubmitted> STAGE =
            new EchoStage(INPUT, INPUT) {
                @Override
                public int maxBatch() {
                    return 5;
                }

                @Override
                public int take(List<CaptionSubmitted> waiting) {
                    return Math.min(waiting.size(), 4);
                }

                @Override
                public int fill(List<CaptionSubmitted> taken, List<CaptionSubmitted> waiting) {
                    return Math.min(waiting.size(), 5 - taken.size());
                }
            };

    private final WaitingRecords<CaptionSubmitted> waiting = new WaitingRecords<>(STAGE);
    private final Map<Lane, Integer> added = new EnumMap<>(Lane.class);

    @Test
    void interactiveRecordsGoFirstAndBulkOnesFillUp() {
        add(Lane.BULK, 10);
        add(Lane.INTERACTIVE, 2);
        assertThat(next()).containsExactly("i0", "i1", "b0", "b1", "b2");
        assertThat(next()).containsExactly("b3", "b4", "b5", "b6");
    }

    @Test
    void everyFourthBatchIsBulkWhileBothWait() {
        add(Lane.INTERACTIVE, 100);
        add(Lane.BULK, 100);
        List<String> leaders = IntStream.range(0, 8).mapToObj(i -> next().get(0)).toList();
        assertThat(leaders).extracting(name -> name.charAt(0)).containsExactly(ofLanes("iiibiiib"));
    }

    @Test
    void aLaneIsFullByItself() {
        add(Lane.BULK, 5);
        assertThat(waiting.isFull(Lane.BULK)).isTrue();
        assertThat(waiting.isFull(Lane.INTERACTIVE)).isFalse();
        assertThat(waiting.isAnyFull()).isTrue();
    }

    @Test
    void malformedRecordsGoWithTheirNeighbours() {
        waiting.add(malformed(Lane.INTERACTIVE, 0));
        assertThat(waiting.takeNext()).hasSize(1);
        assertThat(waiting.isEmpty()).isTrue();

        waiting.add(malformed(Lane.BULK, 1));
        add(Lane.BULK, 1);
        waiting.add(malformed(Lane.BULK, 2));
        assertThat(waiting.takeNext()).hasSize(3);
        assertThat(waiting.isEmpty()).isTrue();
    }

    @Test
    void anUnreadRecordGoesAlone() {
        add(Lane.BULK, 2);
        waiting.add(unread(Lane.BULK, 2));
        add(Lane.BULK, 1);
        add(Lane.INTERACTIVE, 1);
        waiting.add(unread(Lane.INTERACTIVE, 1));
        assertThat(next()).containsExactly("i0", "b0", "b1");
        assertThat(waiting.takeNext()).singleElement().matches(Input::isUnread);
        assertThat(waiting.takeNext()).singleElement().matches(Input::isUnread);
        assertThat(next()).containsExactly("b2");
    }

    private static Input<CaptionSubmitted> unread(Lane lane, int offset) {
        return Input.unread(STAGE, record(lane, offset, new byte[] {1}), 2);
    }

    @Test
    void recordsOfLostPartitionsAreForgottenInTheirLaneOnly() {
        add(Lane.INTERACTIVE, 1);
        add(Lane.BULK, 1);
        waiting.drop(List.of(new TopicPartition(INPUT.in(Lane.INTERACTIVE).name(), 0)));
        assertThat(next()).containsExactly("b0");
        assertThat(waiting.isEmpty()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverComesNoLaneStarvesAndNoneIsOvertakenByItself(long seed) {
        Random random = new Random(seed);
        Map<Lane, List<String>> taken = new EnumMap<>(Lane.class);
        for (Lane lane : Lane.values()) {
            taken.put(lane, new ArrayList<>());
        }
        int interactiveInARow = 0;
        int bulkInARow = 0;
        for (int step = 0; step < 2_000 || !waiting.isEmpty(); step++) {
            if (step < 2_000) {
                // denser than what is taken of either, now and then
                add(Lane.INTERACTIVE, random.nextInt(1 + random.nextInt(7)));
                add(Lane.BULK, random.nextInt(1 + random.nextInt(7)));
            }
            boolean both = waits(taken, Lane.INTERACTIVE) && waits(taken, Lane.BULK);
            List<Input<CaptionSubmitted>> batch = waiting.takeNext();
            assertThat(batch).hasSizeLessThanOrEqualTo(5);
            batch.forEach(input -> taken.get(input.lane()).add(input.event().getCustomId()));
            boolean interactive = !batch.isEmpty() && batch.get(0).lane() == Lane.INTERACTIVE;
            interactiveInARow = both && interactive ? interactiveInARow + 1 : 0;
            bulkInARow = both && !interactive ? bulkInARow + 1 : 0;
            assertThat(interactiveInARow).isLessThanOrEqualTo(WaitingRecords.MOST_IN_A_ROW);
            assertThat(bulkInARow).isLessThanOrEqualTo(1);
        }
        assertThat(taken.get(Lane.INTERACTIVE)).isEqualTo(all(Lane.INTERACTIVE));
        assertThat(taken.get(Lane.BULK)).isEqualTo(all(Lane.BULK));
    }

    private boolean waits(Map<Lane, List<String>> taken, Lane lane) {
        return taken.get(lane).size() < added.getOrDefault(lane, 0);
    }

    private List<String> all(Lane lane) {
        return IntStream.range(0, added.get(lane)).mapToObj(i -> name(lane, i)).toList();
    }

    private static Character[] ofLanes(String lanes) {
        return lanes.chars().mapToObj(c -> (char) c).toArray(Character[]::new);
    }

    private static String name(Lane lane, int number) {
        return (lane == Lane.INTERACTIVE ? "i" : "b") + number;
    }

    private void add(Lane lane, int count) {
        for (int i = 0; i < count; i++) {
            int number = added.merge(lane, 1, Integer::sum) - 1;
            CaptionSubmitted event =
                    CaptionSubmitted.newBuilder()
                            .setJobId("job-1")
                            .setCustomId(name(lane, number))
                            .setCaption("an apple")
                            .setSubmittedAt(NOON)
                            .build();
            waiting.add(Input.of(STAGE, record(lane, number, EventCodec.encode(event))));
        }
    }

    private static Input<CaptionSubmitted> malformed(Lane lane, int offset) {
        return Input.of(STAGE, record(lane, offset, new byte[] {1}));
    }

    private static ConsumerRecord<byte[], byte[]> record(Lane lane, int offset, byte[] value) {
        return new ConsumerRecord<>(INPUT.in(lane).name(), 0, offset, null, value);
    }

    private List<String> next() {
        return waiting.takeNext().stream().map(input -> input.event().getCustomId()).toList();
    }
}
