package dev.nocturne.rerank;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.Failure;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.runtime.DeadLetters;
import dev.nocturne.runtime.EventRecords;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.QueueTime;
import dev.nocturne.runtime.SentAgain;
import dev.nocturne.runtime.telemetry.Tracing;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.EventRules;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topics;
import io.opentelemetry.api.trace.Span;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/**
 * Holds the scored candidates of each request until all N are in, then publishes their ranking once
 * and forgets them; only a marker stays, so that late duplicates rank nothing again.
 *
 * <p>One entry per record, not per request: a candidate is written to the changelog once, and no
 * entry grows with N; those that complete their request are not written at all. The first score of
 * a candidate counts. Entries are read when a request is complete, not for every record: which of
 * its candidates wait is kept in memory, too. Called from one stream thread.
 */
final class CandidateCollector implements Processor<byte[], byte[], byte[], byte[]> {

    static final String STAGE = "rerank";

    /** Stands in the place of a model's id: no candidates were ranked, the request failed. */
    private static final byte[] FAILED = {0};

    /** Requests of which it is kept in memory; some 300 bytes each. */
    private static final int MOST_KNOWN = 1_000;

    private final Lane lane;
    private final Duration patience;
    private final QueueTime queue;
    private ProcessorContext<byte[], byte[]> context;
    private TimestampedKeyValueStore<String, GridsScored> pending;
    private WindowStore<String, byte[]> decided;

    /** By request and model the candidates in {@link #pending}; the one used last comes last. */
    private final Map<String, Map<String, BitSet>> known =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Map<String, BitSet>> eldest) {
                    return size() > MOST_KNOWN;
                }
            };

    /**
     * @param lane whose stores and sinks these are
     * @param patience how long an incomplete request is waited for
     * @param queue of both lanes
     */
    CandidateCollector(Lane lane, Duration patience, QueueTime queue) {
        this.lane = lane;
        this.patience = patience;
        this.queue = queue;
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
        this.context = context;
        known.clear(); // the stores may be others than before
        pending = context.getStateStore(RerankTopology.PENDING_CANDIDATES + lane.suffix());
        decided = context.getStateStore(RerankTopology.DECIDED_REQUESTS + lane.suffix());
        context.schedule(
                Duration.ofHours(1), PunctuationType.WALL_CLOCK_TIME, this::failIncomplete);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        queue.ended(lane, record.timestamp());
        if (record.key() != null && SentAgain.isMark(record.value(), record.headers())) {
            forget(text(record.key()));
            return;
        }
        GridsScored event;
        try {
            event = decode(record);
        } catch (PermanentException e) {
            reject(record, e);
            return;
        } catch (MalformedEventException e) {
            reject(record, new PermanentException(ReasonCodes.MALFORMED_EVENT, e.getMessage(), e));
            return;
        }
        String key = key(event.getRequest());
        String model = event.getModel();
        if (isDecided(key, model)) {
            return;
        }
        Optional<Map<Integer, ScoredGrid>> complete = add(key, event, record.timestamp());
        if (complete.isEmpty()) {
            return;
        }
        Span span = Tracing.of(event.getRequest(), STAGE);
        Record<byte[], byte[]> ranked;
        try {
            CandidatesRanked ranking = Ranking.of(event, List.copyOf(complete.get().values()));
            ranked = encoded(key, ranking, record.timestamp());
            requireSendable(ranked);
        } catch (PermanentException e) {
            reject(record, e);
            return;
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            reject(record, PermanentException.because(ReasonCodes.INTERNAL, "cannot rank", e));
            return;
        } finally {
            span.end();
        }
        forward(ranked, Topics.SELECTIONS.name());
        decide(key, model.getBytes(StandardCharsets.UTF_8), record.timestamp());
        if (lane == Lane.INTERACTIVE) {
            context.commit(); // somebody waits: not at the end of the interval
        }
    }

    /**
     * @throws MalformedEventException if the value is not a GridsScored
     * @throws PermanentException if key and value disagree, or a rule is broken
     */
    private static GridsScored decode(Record<byte[], byte[]> record) {
        GridsScored event = EventCodec.decode(GridsScored.class, record.value());
        String given = record.key() == null ? "" : text(record.key());
        String key = key(event.getRequest());
        if (!given.equals(key)) {
            throw new PermanentException(
                    ReasonCodes.MALFORMED_EVENT,
                    "key '%s' is not the request's: '%s'".formatted(given, key));
        }
        EventRules.validate(event)
                .ifPresent(
                        violation -> {
                            throw new PermanentException(violation.code(), violation.message());
                        });
        return event;
    }

    /** Records of a request that agree in nothing may be too many together, though each is good. */
    private static void requireSendable(Record<byte[], byte[]> ranked) {
        if (ranked.value().length > KafkaSettings.MAX_RECORD_BYTES) {
            throw new PermanentException(
                    ReasonCodes.INVALID_OPTION,
                    "the ranking takes %d bytes: at most %d, its candidates are of different sizes"
                            .formatted(ranked.value().length, KafkaSettings.MAX_RECORD_BYTES));
        }
    }

    /**
     * Puts the candidates of an event that are new to those that wait, unless none is missing then.
     *
     * @return all of the request, by number, if none is missing
     */
    private Optional<Map<Integer, ScoredGrid>> add(String key, GridsScored event, long timestamp) {
        String model = event.getModel();
        BitSet waiting =
                known.computeIfAbsent(key, any -> new HashMap<>())
                        .computeIfAbsent(model, any -> numbers(candidates(key, model)));
        Map<Integer, ScoredGrid> added = new TreeMap<>();
        event.getGrids().stream()
                .filter(grid -> !waiting.get(grid.getCandidate()))
                .forEach(grid -> added.putIfAbsent(grid.getCandidate(), grid));
        if (waiting.cardinality() + added.size() >= event.getOptions().getCandidates()) {
            if (!waiting.isEmpty()) {
                added.putAll(candidates(key, model));
            }
            return Optional.of(added);
        }
        if (!added.isEmpty()) {
            GridsScored entry =
                    GridsScored.newBuilder(event).setGrids(List.copyOf(added.values())).build();
            BitSet numbers = numbers(added);
            pending.put(
                    candidateKey(key, numbers.nextSetBit(0), model),
                    ValueAndTimestamp.make(entry, timestamp));
            waiting.or(numbers);
        }
        return Optional.empty();
    }

    private static BitSet numbers(Map<Integer, ScoredGrid> candidates) {
        BitSet numbers = new BitSet();
        candidates.keySet().forEach(numbers::set);
        return numbers;
    }

    /** Those of one model that wait, by number: candidates of two are never compared. */
    private Map<Integer, ScoredGrid> candidates(String key, String model) {
        Map<Integer, ScoredGrid> grids = new TreeMap<>();
        try (var entries = pending.prefixScan(candidatePrefix(key), new StringSerializer())) {
            while (entries.hasNext()) {
                GridsScored entry = entries.next().value.value();
                if (entry.getModel().equals(model)) {
                    entry.getGrids().forEach(grid -> grids.putIfAbsent(grid.getCandidate(), grid));
                }
            }
        }
        return grids;
    }

    /**
     * Whether the request has failed, or the candidates of this model were ranked. If those of
     * another were, and these come all the same, then the decoders had another model by then.
     */
    private boolean isDecided(String key, String model) {
        byte[] ranked = model.getBytes(StandardCharsets.UTF_8);
        return isDecided(
                key, marker -> Arrays.equals(marker, FAILED) || Arrays.equals(marker, ranked));
    }

    private boolean isDecided(String key, Predicate<byte[]> fits) {
        try (WindowStoreIterator<byte[]> markers = decided.fetch(key, 0, Long.MAX_VALUE)) {
            while (markers.hasNext()) {
                if (fits.test(markers.next().value)) {
                    return true;
                }
            }
            return false;
        }
    }

    /**
     * @param marker id of the model whose candidates were ranked, or {@link #FAILED}
     */
    private void decide(String key, byte[] marker, long timestamp) {
        deletePending(key);
        decided.put(key, marker, timestamp);
    }

    private void deletePending(String key) {
        known.remove(key);
        List<String> entries = new ArrayList<>();
        try (var pendingEntries =
                pending.prefixScan(candidatePrefix(key), new StringSerializer())) {
            pendingEntries.forEachRemaining(entry -> entries.add(entry.key));
        }
        entries.forEach(pending::delete);
    }

    /** The request is sent again: what comes of it now is no duplicate. */
    private void forget(String key) {
        deletePending(key);
        List<Long> markers = new ArrayList<>();
        try (WindowStoreIterator<byte[]> times = decided.fetch(key, 0, Long.MAX_VALUE)) {
            times.forEachRemaining(marker -> markers.add(marker.key));
        }
        markers.forEach(time -> decided.put(key, null, time));
    }

    /** A record that cannot be used: its request can never be complete, so it fails at once. */
    private void reject(Record<byte[], byte[]> record, PermanentException cause) {
        ConsumerRecord<byte[], byte[]> consumed = consumed(record);
        forward(DeadLetters.deadLetter(STAGE, consumed, cause), record.timestamp());
        DeadLetters.failedResult(STAGE, consumed, null, cause, now())
                .filter(result -> !isDecided(key(result.getRequest()), any -> true))
                .ifPresent(
                        result -> {
                            forward(result, record.timestamp());
                            decide(key(result.getRequest()), FAILED, record.timestamp());
                        });
    }

    private ConsumerRecord<byte[], byte[]> consumed(Record<byte[], byte[]> record) {
        RecordMetadata origin = context.recordMetadata().orElseThrow();
        ConsumerRecord<byte[], byte[]> consumed =
                new ConsumerRecord<>(
                        origin.topic(),
                        origin.partition(),
                        origin.offset(),
                        record.key(),
                        record.value());
        record.headers().forEach(consumed.headers()::add);
        return consumed;
    }

    private void forward(RequestFinished result, long timestamp) {
        EventRecords.of(result).forEach(message -> forward(message, timestamp));
    }

    private void forward(ProducerRecord<byte[], byte[]> message, long timestamp) {
        forward(
                new Record<>(message.key(), message.value(), timestamp, message.headers()),
                message.topic());
    }

    private void forward(Record<byte[], byte[]> record, String topic) {
        context.forward(record, RerankTopology.sink(topic, lane));
    }

    /** Candidates that outlived their topic's retention wait for ones that are gone for good. */
    private void failIncomplete(long nowMillis) {
        Map<String, GridsScored> expired = new LinkedHashMap<>();
        try (var entries = pending.all()) {
            entries.forEachRemaining(
                    entry -> {
                        if (entry.value.timestamp() < nowMillis - patience.toMillis()) {
                            GridsScored candidate = entry.value.value();
                            expired.putIfAbsent(key(candidate.getRequest()), candidate);
                        }
                    });
        }
        expired.forEach(
                (key, candidate) -> {
                    // left over by a model whose request another one has finished: no failure
                    if (!isDecided(key, any -> true)) {
                        forward(failed(key, candidate), nowMillis);
                    }
                    decide(key, FAILED, nowMillis);
                });
    }

    private RequestFinished failed(String key, GridsScored candidate) {
        String message =
                "only %d of %d candidates arrived within %d hours"
                        .formatted(
                                candidates(key, candidate.getModel()).size(),
                                candidate.getOptions().getCandidates(),
                                patience.toHours());
        Failure failure = new Failure(ReasonCodes.INTERNAL, STAGE, message, null, null);
        return new RequestFinished(
                candidate.getRequest(), RequestStatus.FAILED, List.of(), failure, now());
    }

    private Instant now() {
        return Instant.ofEpochMilli(context.currentSystemTimeMs());
    }

    private static Record<byte[], byte[]> encoded(
            String key, SpecificRecord event, long timestamp) {
        return new Record<>(
                key.getBytes(StandardCharsets.UTF_8), EventCodec.encode(event), timestamp);
    }

    private static String key(RequestRef request) {
        return Ids.key(request.getJobId(), request.getRequestId());
    }

    private static String candidatePrefix(String key) {
        return key + '/';
    }

    /** Sorts by candidate within its request; of an earlier version without the model. */
    static String candidateKey(String key, int candidate, String model) {
        return candidatePrefix(key) + "%03d/%s".formatted(candidate, model);
    }

    private static String text(byte[] utf8) {
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
