package dev.nocturne.ingest.webhook;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobRejected;
import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.job.LogRecords;
import dev.nocturne.runtime.Backoff;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Posts the end of every batch to one address: the events of OpenAI's webhooks, signed as the
 * Standard Webhooks specification says.
 *
 * <p>Follows the job events on a thread of its own. What its consumer group has committed is done
 * with, so a restart loses nothing. An event whose delivery fails comes again with growing delays
 * while the others go on; those are repeated, with the same ids, if the process ends meanwhile.
 */
public final class Webhooks implements BackgroundTask {

    public static final String GROUP = "webhooks";

    private static final Logger LOG = LoggerFactory.getLogger(Webhooks.class);
    private static final TopicPartition PARTITION = new TopicPartition(Topics.JOB_EVENTS.name(), 0);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration KAFKA_RETRY = Duration.ofSeconds(5);
    private static final int GONE = 410;

    /**
     * @param answer how long the receiver may take for one
     * @param backoff between two attempts
     * @param age of an event that is given up when its delivery fails
     */
    record Patience(Duration answer, Backoff backoff, Duration age) {
        static final Patience DEFAULT =
                new Patience(
                        Duration.ofSeconds(15),
                        new Backoff(
                                Duration.ofSeconds(1), Duration.ofMinutes(10), Integer.MAX_VALUE),
                        Duration.ofHours(72));
    }

    /**
     * The body of a webhook.
     *
     * @param id the same whenever the event is sent
     * @param type {@code batch.completed}, {@code batch.failed}, {@code batch.expired} or {@code
     *     batch.cancelled}
     * @param createdAt Unix seconds of the batch's end
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Event(String object, String id, String type, long createdAt, Data data) {

        static Event of(Batch batch, Instant at) {
            String status = batch.status().name().toLowerCase(Locale.ROOT);
            return new Event(
                    "event",
                    "evt_%s_%s".formatted(batch.id(), status),
                    "batch." + status,
                    at.getEpochSecond(),
                    new Data(batch.id(), batch.requestCounts()));
        }
    }

    /**
     * @param id of the batch
     * @param requestCounts not OpenAI's
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Data(String id, Batch.Counts requestCounts) {}

    private static final class Pending {
        final Event event;
        final long offset;
        final Instant at;
        int failures;
        Instant dueAt = Instant.MIN;

        Pending(Event event, long offset, Instant at) {
            this.event = event;
            this.offset = offset;
            this.at = at;
        }
    }

    private final WebhookSender sender;
    private final KafkaSettings kafka;
    private final JobTable jobs;
    private final Runnable catchUp;
    private final Clock clock;
    private final RandomGenerator random;
    private final Patience patience;
    private final Counter delivered;
    private final Counter failed;
    private final Counter givenUp;
    private final Thread thread = new Thread(this::run, "webhooks");
    private boolean started; // guarded by this
    private volatile boolean closed; // written under the same lock

    // the thread's own
    private final Queue<Pending> pending =
            new PriorityQueue<>(
                    Comparator.comparing((Pending one) -> one.dueAt)
                            .thenComparing(one -> one.offset));
    private long committed;
    private long next = -1; // the offset after the last record read; -1 before the first

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     * @throws dev.nocturne.runtime.FatalException if the settings are wrong
     */
    public Webhooks(
            WebhookSettings settings,
            KafkaSettings kafka,
            JobTable jobs,
            Runnable catchUp,
            MeterRegistry meters,
            Clock clock) {
        this(
                settings,
                kafka,
                jobs,
                catchUp,
                meters,
                clock,
                RandomGenerator.getDefault(),
                Patience.DEFAULT);
    }

    /** For tests, which do not wait long. */
    public Webhooks(
            WebhookSettings settings,
            KafkaSettings kafka,
            JobTable jobs,
            Runnable catchUp,
            MeterRegistry meters,
            Clock clock,
            RandomGenerator random,
            Patience patience) {
        this.sender = new WebhookSender(settings, clock);
        this.kafka = kafka;
        this.jobs = jobs;
        this.catchUp = catchUp;
        this.clock = clock;
        this.random = random;
        this.patience = patience;
        delivered = attempts(meters, "delivered");
        failed = attempts(meters, "failed");
        givenUp = attempts(meters, "given_up");
        Gauge.builder("nocturne.webhook.pending", pending, Queue::size)
                .description("ends of batches that are not told yet")
                .register(meters);
        thread.setDaemon(true);
    }

    private static Counter attempts(MeterRegistry meters, String outcome) {
        return Counter.builder("nocturne.webhook.attempts")
                .description("attempts to tell the end of a batch")
                .tag("outcome", outcome)
                .register(meters);
    }

    @Override
    public synchronized void start() {
        if (!started && !closed) {
            started = true;
            thread.start();
            LOG.info("webhooks go to {}", sender.shown());
        }
    }

    private void run() {
        while (!closed) {
            try (KafkaConsumer<byte[], byte[]> consumer =
                    new KafkaConsumer<>(kafka.consumer(GROUP))) {
                follow(consumer);
            } catch (Throwable e) { // of any kind: batches end that somebody waits for
                if (closed) {
                    return;
                }
                LOG.warn("ING-07 webhooks not sent, next try in {}: {}", KAFKA_RETRY, e.toString());
                LOG.debug("ING-07", e);
                try {
                    Thread.sleep(KAFKA_RETRY.toMillis());
                } catch (InterruptedException closing) {
                    return;
                }
            }
        }
    }

    private void follow(KafkaConsumer<byte[], byte[]> consumer) {
        try {
            begin(consumer);
            while (!closed) {
                step(consumer);
            }
        } catch (InterruptedException e) {
            LOG.debug("no longer sending webhooks");
        } finally {
            Thread.interrupted(); // or the consumer's own end would be broken off, too
        }
    }

    /** As a member of its group, whose offsets brokers then keep, and every lag tool shows. */
    private void begin(KafkaConsumer<byte[], byte[]> consumer) {
        consumer.subscribe(
                List.of(PARTITION.topic()),
                new ConsumerRebalanceListener() {
                    @Override
                    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                        if (partitions.contains(PARTITION)) {
                            seek(consumer);
                        }
                        consumer.pause(
                                partitions.stream().filter(one -> !one.equals(PARTITION)).toList());
                    }

                    @Override
                    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
                });
    }

    /**
     * After trouble with Kafka goes on where it was; at first, where the last process ended. If
     * none has committed anything, with what is young enough to be tried for long: brokers forget
     * the offsets of a group that was empty for a week.
     */
    private void seek(KafkaConsumer<byte[], byte[]> consumer) {
        if (next >= 0) {
            consumer.seek(PARTITION, next);
            return;
        }
        committed = -1;
        OffsetAndMetadata last = consumer.committed(Set.of(PARTITION)).get(PARTITION);
        if (last != null) {
            committed = last.offset();
            return;
        }
        long end = consumer.endOffsets(List.of(PARTITION)).get(PARTITION);
        long youngest = clock.instant().minus(patience.age()).toEpochMilli();
        OffsetAndTimestamp first =
                consumer.offsetsForTimes(Map.of(PARTITION, youngest)).get(PARTITION);
        consumer.seek(PARTITION, first == null ? end : first.offset());
    }

    private void step(KafkaConsumer<byte[], byte[]> consumer) throws InterruptedException {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(untilDue())) {
            read(record).ifPresent(pending::add);
            next = record.offset() + 1;
        }
        Pending first = pending.peek();
        if (first != null && !clock.instant().isBefore(first.dueAt)) {
            boolean done = isDone(first);
            pending.remove(first); // its place among the others depends on when it is due
            if (!done) {
                pending.add(first);
            }
        }
        if (!consumer.assignment().contains(PARTITION)) {
            return; // not yet a member, or no longer
        }
        long done =
                pending.stream()
                        .mapToLong(one -> one.offset)
                        .min()
                        .orElseGet(() -> consumer.position(PARTITION));
        if (done > committed) {
            consumer.commitSync(Map.of(PARTITION, new OffsetAndMetadata(done)));
            committed = done;
        }
    }

    private Duration untilDue() {
        if (pending.isEmpty()) {
            return POLL;
        }
        Instant now = clock.instant();
        Instant dueAt = pending.peek().dueAt;
        if (!now.isBefore(dueAt)) {
            return Duration.ZERO;
        }
        Duration left = Duration.between(now, dueAt);
        return left.compareTo(POLL) < 0 ? left : POLL;
    }

    /** Empty unless it is the end of a job that was made from a file. */
    private Optional<Pending> read(ConsumerRecord<byte[], byte[]> record) {
        JobEvent event;
        try {
            event = LogRecords.jobEvent(record);
        } catch (RuntimeException e) {
            return Optional.empty(); // the job log's reader tells of it
        }
        Object change = event.getChange();
        if (!(change instanceof JobClosed) && !(change instanceof JobRejected)) {
            return Optional.empty();
        }
        String id = event.getJobId();
        if (!jobs.ask(id, JobState::isTerminal).orElse(false)) {
            catchUp.run(); // read here before it was read there
        }
        return jobs.ask(id, job -> job.created() == null ? null : job.batch(clock.instant(), null))
                .map(batch -> Event.of(batch, event.getAt()))
                .map(end -> new Pending(end, record.offset(), event.getAt()));
    }

    /** Tries to deliver it; true if it was, or is given up. */
    private boolean isDone(Pending one) throws InterruptedException {
        String trouble;
        boolean unwanted = false;
        try {
            int status = sender.post(one.event, patience.answer());
            if (status / 100 == 2) {
                delivered.increment();
                LOG.info(
                        "job {}: webhook {} delivered, attempt {}",
                        one.event.data().id(),
                        one.event.type(),
                        one.failures + 1);
                return true;
            }
            unwanted = status == GONE;
            trouble = "it answers " + status;
        } catch (IOException e) { // often without a message, as if nothing listens
            trouble = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        }
        one.failures++;
        Instant now = clock.instant();
        if (unwanted || !now.isBefore(one.at.plus(patience.age()))) {
            givenUp.increment();
            LOG.warn(
                    "job {}: webhook {} to {} given up after {} attempts ({}):"
                            + " the receiver does not know unless it asks GET /v1/batches/{}",
                    one.event.data().id(),
                    one.event.type(),
                    sender.shown(),
                    one.failures,
                    trouble,
                    one.event.data().id());
            return true;
        }
        failed.increment();
        Duration delay = jittered(patience.backoff().delay(one.failures));
        one.dueAt = now.plus(delay);
        LOG.warn(
                "job {}: webhook {} to {} not delivered, next try in {}: {}",
                one.event.data().id(),
                one.event.type(),
                sender.shown(),
                delay,
                trouble);
        return false;
    }

    /** From a half of it to all of it, so that what failed together does not come together. */
    private Duration jittered(Duration delay) {
        long half = delay.toMillis() / 2;
        return Duration.ofMillis(half + random.nextLong(half + 1));
    }

    @Override
    public Health health() {
        boolean alive = thread.isAlive() || thread.getState() == Thread.State.NEW;
        return new Health(alive, alive, alive ? "" : "the thread of the webhooks is dead");
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
