package dev.nocturne.ingest.webhook;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobRejected;
import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.job.LogRecords;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
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
    private final WebhookDelivery delivery;
    private final WebhookMeters meters;
    private final KafkaSettings kafka;
    private final JobTable jobs;
    private final Runnable catchUp;
    private final Clock clock;
    private final WebhookDelivery.Patience patience;
    private final Thread thread = new Thread(this::run, "webhooks");
    private boolean started; // guarded by this
    private volatile boolean closed; // written under the same lock

    // the thread's own
    private final Queue<PendingWebhook> pending =
            new PriorityQueue<>(
                    Comparator.comparing((PendingWebhook one) -> one.dueAt)
                            .thenComparing(one -> one.offset));
    private long committed;
    private long next = -1; // the offset after the last record read; -1 before the first

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     * @param meters the same for all who follow one another
     * @throws dev.nocturne.runtime.FatalException if the settings are wrong
     */
    public Webhooks(
            WebhookSettings settings,
            KafkaSettings kafka,
            JobTable jobs,
            Runnable catchUp,
            WebhookMeters meters,
            Clock clock) {
        this(
                settings,
                kafka,
                jobs,
                catchUp,
                meters,
                clock,
                RandomGenerator.getDefault(),
                WebhookDelivery.Patience.DEFAULT);
    }

    /** For tests, which do not wait long. */
    public Webhooks(
            WebhookSettings settings,
            KafkaSettings kafka,
            JobTable jobs,
            Runnable catchUp,
            WebhookMeters meters,
            Clock clock,
            RandomGenerator random,
            WebhookDelivery.Patience patience) {
        this.delivery =
                new WebhookDelivery(
                        new WebhookSender(settings, clock), meters, clock, random, patience);
        this.meters = meters;
        this.kafka = kafka;
        this.jobs = jobs;
        this.catchUp = catchUp;
        this.clock = clock;
        this.patience = patience;
        thread.setDaemon(true);
    }

    @Override
    public synchronized void start() {
        if (!started && !closed) {
            started = true;
            thread.start();
            LOG.info("webhooks go to {}", delivery.receiver());
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
        meters.pending(pending.size());
        PendingWebhook first = pending.peek();
        if (first != null && !clock.instant().isBefore(first.dueAt)) {
            boolean done = delivery.isDone(first);
            pending.remove(first); // its place among the others depends on when it is due
            if (!done) {
                pending.add(first);
            }
            meters.pending(pending.size());
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
    private Optional<PendingWebhook> read(ConsumerRecord<byte[], byte[]> record) {
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
                .map(batch -> WebhookEvent.of(batch, event.getAt()))
                .map(end -> new PendingWebhook(end, record.offset(), event.getAt()));
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
            meters.pending(0); // whoever leads next counts them
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
