package dev.nocturne.rerank;

import dev.nocturne.events.GridsScored;
import dev.nocturne.runtime.QueueTime;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * {@code scored-grids} → {@link CandidateCollector} → {@code selections}; poison records and
 * requests that can never be complete go to {@code dead-letters}, and with their results to {@code
 * results} and {@code results.json}.
 *
 * <p>Keys and values travel as bytes and are decoded by the collector, so that broken bytes are an
 * ordinary error of one record. All records of a request have one key and so one partition: no
 * repartitioning, and every store is local to its task.
 *
 * <p>Each lane has a topology of its own, so that its records do not wait behind the other's, which
 * Streams would put in the order of their timestamps; names end with {@link Lane#suffix}.
 */
final class RerankTopology {

    /**
     * How long a decision is remembered, whatever an installation keeps: it is in the names of
     * files on disk.
     */
    static final Duration MEMORY = Topics.RETENTION;

    /** Candidates of undecided requests, by {@link CandidateCollector#candidateKey}. */
    static final String PENDING_CANDIDATES = "pending-candidates";

    /**
     * By key of a decided request the model whose candidates were ranked; dropped segment by
     * segment once older than {@link #MEMORY}.
     */
    static final String DECIDED_REQUESTS = "decided-requests";

    private static final String SOURCE = "scored-grids-source";
    private static final String COLLECTOR = "candidate-collector";

    private RerankTopology() {}

    /** Names of the topics that keep a lane's stores; each has as many partitions as its source. */
    static List<String> changelogs(Lane lane) {
        return Stream.of(PENDING_CANDIDATES, DECIDED_REQUESTS)
                .map(store -> RerankService.GROUP + "-" + store + lane.suffix() + "-changelog")
                .toList();
    }

    /** The name of a lane's sink, by that of its topic in the lane of bulk. */
    static String sink(String topic, Lane lane) {
        return topic + "-sink" + lane.suffix();
    }

    /**
     * @param patience how long an incomplete request is waited for: as long as the records it is
     *     made of are kept
     */
    static Topology build(Duration patience, MeterRegistry meters) {
        QueueTime queue = new QueueTime(meters, CandidateCollector.STAGE, Topics.SCORED_GRIDS);
        Topology topology = new Topology();
        for (Lane lane : Lane.values()) {
            add(topology, lane, patience, queue);
        }
        return topology;
    }

    private static void add(Topology topology, Lane lane, Duration patience, QueueTime queue) {
        ByteArrayDeserializer in = new ByteArrayDeserializer();
        ByteArraySerializer out = new ByteArraySerializer();
        String source = SOURCE + lane.suffix();
        String collector = COLLECTOR + lane.suffix();
        topology.addSource(
                        AutoOffsetReset.earliest(),
                        source,
                        in,
                        in,
                        Topics.SCORED_GRIDS.in(lane).name())
                .addProcessor(
                        collector, () -> new CandidateCollector(lane, patience, queue), source)
                .addStateStore(pendingCandidates(lane), collector)
                .addStateStore(decidedRequests(lane), collector);
        Stream.of(Topics.SELECTIONS, Topics.RESULTS, Topics.RESULTS_JSON, Topics.DEAD_LETTERS)
                .forEach(
                        topic ->
                                topology.addSink(
                                        sink(topic.name(), lane),
                                        topic.in(lane).name(),
                                        out,
                                        out,
                                        collector));
    }

    private static StoreBuilder<TimestampedKeyValueStore<String, GridsScored>> pendingCandidates(
            Lane lane) {
        Serde<GridsScored> serde =
                Serdes.serdeFrom(
                        (topic, event) -> event == null ? null : EventCodec.encode(event),
                        (topic, bytes) ->
                                bytes == null ? null : EventCodec.decode(GridsScored.class, bytes));
        return Stores.timestampedKeyValueStoreBuilder(
                Stores.persistentTimestampedKeyValueStore(PENDING_CANDIDATES + lane.suffix()),
                Serdes.String(),
                serde);
    }

    private static StoreBuilder<WindowStore<String, byte[]>> decidedRequests(Lane lane) {
        Duration window = Duration.ofMillis(1);
        return Stores.windowStoreBuilder(
                Stores.persistentWindowStore(
                        DECIDED_REQUESTS + lane.suffix(), MEMORY, window, false),
                Serdes.String(),
                Serdes.ByteArray());
    }
}
