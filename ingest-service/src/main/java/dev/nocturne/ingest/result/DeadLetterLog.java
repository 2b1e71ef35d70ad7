package dev.nocturne.ingest.result;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.runtime.DeadLetters;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicReader;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads dead letters, the latest first, and publishes them again. That one has been replayed stands
 * in the same topic, in a record of its own that came in the replay's transaction. Letters are read
 * from the log whenever they are asked for; only which are replayed is remembered. Thread-safe.
 */
public final class DeadLetterLog implements AutoCloseable {

    /** On a record in {@code dead-letters} that is no letter: id of the one that was replayed. */
    static final String REPLAYED = "nocturne-replayed";

    private static final Logger LOG = LoggerFactory.getLogger(DeadLetterLog.class);
    private static final Pattern ID = Pattern.compile("0-(\\d{1,18})");
    private static final String TRANSACTIONAL_ID = "ingest-dead-letters";

    /** Offsets that are read at once, backwards from where a page begins. */
    private static final int WINDOW = 256;

    /** There is one partition, as the catalogue has it, and so one order. */
    private static final TopicPartition PARTITION =
            new TopicPartition(Topics.DEAD_LETTERS.name(), 0);

    /** While another instance replays, and each ends the other's transaction. */
    private static final int ATTEMPTS = 5;

    private static final byte[] NOTHING = null;

    private static final List<String> OWN_HEADERS =
            List.of(
                    DeadLetters.REASON,
                    DeadLetters.EXCEPTION_CLASS_NAME,
                    DeadLetters.TOPIC,
                    DeadLetters.PARTITION,
                    DeadLetters.OFFSET,
                    DeadLetters.REASON_CODE,
                    DeadLetters.STAGE);

    private final KafkaSettings kafka;
    private final Predicate<String> isFromFile;
    private final Clock clock;
    private final TreeMap<Long, Instant> replayed = new TreeMap<>(); // by a letter's offset
    private long readTo; // offset up to which the replayed letters are known
    private final TopicReader log;

    /**
     * @param isFromFile whether a job was made from a file, so that its failures can be retried
     */
    public DeadLetterLog(KafkaSettings kafka, Predicate<String> isFromFile, Clock clock) {
        this.kafka = kafka;
        this.isFromFile = isFromFile;
        this.clock = clock;
        log =
                new TopicReader(
                        kafka,
                        "the log of dead letters",
                        Topics.DEAD_LETTERS,
                        TopicReader.Start.BEGINNING);
    }

    /**
     * Latest first.
     *
     * @param after id of the letter before the first one; null: from the latest on
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public synchronized List<DeadLetter> letters(String after, int limit) {
        return reading(
                () -> {
                    catchUp();
                    List<DeadLetter> page = new ArrayList<>();
                    long begin = log.beginning(PARTITION);
                    long end = after == null ? readTo : Math.min(offset(after), readTo);
                    while (page.size() < limit && end > begin) {
                        long start = Math.max(begin, end - WINDOW);
                        List<DeadLetter> window = new ArrayList<>();
                        log.readRange(PARTITION, start, end, record -> addLetter(window, record));
                        for (int i = window.size() - 1; i >= 0 && page.size() < limit; i--) {
                            page.add(window.get(i));
                        }
                        end = start;
                    }
                    return page;
                });
    }

    private void addLetter(List<DeadLetter> letters, ConsumerRecord<byte[], byte[]> record) {
        if (isLetter(record)) {
            letters.add(DeadLetter.of(record, replayed.get(record.offset())));
        }
    }

    /**
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public synchronized DeadLetter.Opened letter(String id) {
        return reading(
                () -> {
                    catchUp();
                    ConsumerRecord<byte[], byte[]> record = find(id);
                    return DeadLetter.opened(record, replayed.get(record.offset()));
                });
    }

    /**
     * Publishes the record that became a letter to its partition again, with its key, bytes and
     * headers. A letter that has been replayed stays so, and nothing is published a second time.
     *
     * @throws IngestException UNKNOWN, CONFLICT if a replay would change nothing, or UNAVAILABLE
     */
    public synchronized DeadLetter replay(String id) {
        return reading(
                () -> {
                    for (int i = 1; i < ATTEMPTS; i++) {
                        try {
                            return tryReplay(id);
                        } catch (KafkaException e) {
                            if (!JobPublisher.isFenced(e)) {
                                throw e;
                            }
                            LOG.debug("dead letter {}: another instance replays", id, e);
                        }
                    }
                    return tryReplay(id);
                });
    }

    /**
     * With a producer for this replay alone: it ends an older transaction that was left open, and
     * no other instance is fenced by it for longer than a replay takes.
     */
    private DeadLetter tryReplay(String id) {
        Producer<byte[], byte[]> producer =
                new KafkaProducer<>(kafka.transactionalProducer(TRANSACTIONAL_ID));
        try {
            producer.initTransactions();
            catchUp();
            ConsumerRecord<byte[], byte[]> record = find(id);
            Instant before = replayed.get(record.offset());
            DeadLetter letter = DeadLetter.of(record, before);
            if (before == null) {
                requireUseful(letter, record);
                publish(producer, letter, record);
            }
            return DeadLetter.of(record, replayed.get(record.offset()));
        } finally {
            producer.close(Duration.ZERO); // after an error nobody knows what the brokers did
        }
    }

    private void requireUseful(DeadLetter letter, ConsumerRecord<byte[], byte[]> record) {
        boolean isOurs =
                Topics.ALL.stream()
                        .map(Topic::name)
                        .anyMatch(
                                name ->
                                        name.equals(letter.topic())
                                                && !name.equals(PARTITION.topic()));
        if (!isOurs) {
            throw IngestException.conflict(
                    "id",
                    "unknown_topic",
                    "dead letter '%s' names no topic of the pipeline ('%s'): publish it by hand"
                            .formatted(letter.id(), letter.topic()));
        }
        if (DeadLetters.isCut(record.value())) {
            throw IngestException.conflict(
                    "id",
                    "letter_cut",
                    "dead letter '%s' is only the beginning of a record that was too large: publish what it should have been"
                            .formatted(letter.id()));
        }
        if (letter.jobId() == null) {
            return;
        }
        if (isFromFile.test(letter.jobId())) {
            throw IngestException.conflict(
                    "id",
                    "counted_as_failed",
                    "job '%s' keeps the first result of this request, so a replay would change nothing: once the job is done, POST /v1/batches/%s/retry-failed paints what it has left"
                            .formatted(letter.jobId(), letter.jobId()));
        }
        if (Topics.SCORED_GRIDS.lanes().stream()
                .anyMatch(topic -> topic.name().equals(letter.topic()))) {
            throw IngestException.conflict(
                    "id",
                    "already_decided",
                    "request '%s' is decided, and reranking ignores what comes for it now: publish its caption again under another custom_id"
                            .formatted(letter.requestId()));
        }
    }

    /**
     * Where the record was: others of its request are there, wherever its key would lead by now.
     * Null if there is no such partition.
     */
    private static Integer partition(DeadLetter letter, Producer<?, ?> open) {
        Integer partition = letter.partition();
        return partition != null
                        && partition >= 0
                        && partition < open.partitionsFor(letter.topic()).size()
                ? partition
                : null;
    }

    private void publish(
            Producer<byte[], byte[]> open,
            DeadLetter letter,
            ConsumerRecord<byte[], byte[]> record) {
        ProducerRecord<byte[], byte[]> again =
                new ProducerRecord<>(
                        letter.topic(),
                        partition(letter, open),
                        record.key(),
                        record.value(),
                        record.headers());
        OWN_HEADERS.forEach(again.headers()::remove);
        again.headers()
                .remove(DeadLetters.REPLAY_OF)
                .add(DeadLetters.REPLAY_OF, letter.id().getBytes(UTF_8));
        AtomicLong millis = new AtomicLong(clock.millis());
        ProducerRecord<byte[], byte[]> mark =
                new ProducerRecord<>(
                        PARTITION.topic(),
                        PARTITION.partition(),
                        millis.get(),
                        record.key(),
                        NOTHING);
        mark.headers().add(REPLAYED, letter.id().getBytes(UTF_8));
        open.beginTransaction();
        open.send(again);
        open.send(
                mark,
                (sent, error) -> {
                    if (error == null) {
                        millis.set(sent.timestamp()); // the broker's, which is what it is read with
                    }
                });
        open.commitTransaction();
        // the mark can be read a moment later; whoever asks until then is to know it, too
        replayed.put(record.offset(), Instant.ofEpochMilli(millis.get()));
        LOG.info("dead letter {} replayed to {}", letter.id(), letter.topic());
    }

    // ---- the log

    private <T> T reading(Supplier<T> access) {
        try {
            return access.get();
        } catch (KafkaException e) {
            throw IngestException.unavailable(
                    "the dead letters cannot be reached (%s): try again later"
                            .formatted(e.getMessage()),
                    e);
        }
    }

    /** Learns of every replay that is in the log by now. */
    private void catchUp() {
        readTo =
                log.readToEnd(
                                record -> {
                                    String id = DeadLetter.text(record.headers(), REPLAYED);
                                    Matcher matcher = ID.matcher(id == null ? "" : id);
                                    if (matcher.matches()) {
                                        replayed.putIfAbsent(
                                                Long.valueOf(matcher.group(1)),
                                                Instant.ofEpochMilli(record.timestamp()));
                                    }
                                })
                        .get(PARTITION);
        replayed.headMap(log.beginning(PARTITION)).clear(); // those are gone
    }

    private static boolean isLetter(ConsumerRecord<byte[], byte[]> record) {
        return record.headers().lastHeader(REPLAYED) == null;
    }

    private ConsumerRecord<byte[], byte[]> find(String id) {
        long offset = offset(id);
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        if (offset < readTo) {
            log.readRange(
                    PARTITION,
                    offset,
                    offset + 1,
                    record -> {
                        if (isLetter(record)) {
                            found.add(record);
                        }
                    });
        }
        if (found.isEmpty()) {
            throw unknown(id);
        }
        return found.get(0);
    }

    private static long offset(String id) {
        Matcher matcher = ID.matcher(id);
        if (!matcher.matches()) {
            throw unknown(id);
        }
        return Long.parseLong(matcher.group(1));
    }

    private static IngestException unknown(String id) {
        return IngestException.unknown(
                "id",
                "unknown_dead_letter",
                "dead letter '%s' is not known: GET /v1/dead-letters lists those that are kept"
                        .formatted(Excerpt.of(id)));
    }

    @Override
    public synchronized void close() {
        log.close();
    }
}
