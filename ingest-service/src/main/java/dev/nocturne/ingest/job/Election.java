package dev.nocturne.ingest.job;

import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands for election among all ingest-services, on a thread of its own: the brokers give the one
 * partition of a topic to one member of a group, and that one leads until they give it to another.
 */
public final class Election implements AutoCloseable {

    /** Named as the topic of whose partition it is. */
    static final String GROUP = Topics.INGEST_LEADER.name();

    private static final Logger LOG = LoggerFactory.getLogger(Election.class);
    private static final TopicPartition PARTITION =
            new TopicPartition(Topics.INGEST_LEADER.name(), 0);

    /** What a leader commits, with each of its transactions: a member that is none cannot. */
    static final Map<TopicPartition, OffsetAndMetadata> OFFSETS =
            Map.of(PARTITION, new OffsetAndMetadata(0));

    /** After it without a word of the leader, the brokers give its place to another. */
    private static final Duration SESSION = Duration.ofSeconds(9);

    /** After it at the latest the others notice. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(1);

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration COMMIT = Duration.ofSeconds(3);
    private static final Duration RETRY = Duration.ofSeconds(2);

    /** The group, if brokers answer. */
    private static final Duration LEAVE = Duration.ofSeconds(3);

    /** Who stands for election; told on the election's thread, and returns at once. */
    public interface Candidate {

        /** Leads from now on. */
        void elected(Term term);

        /** Leads no longer; the term is over. */
        void deposed();
    }

    private final Map<String, Object> config;
    private final Candidate candidate;
    private final Thread thread = new Thread(this::run, "election");
    private final CountDownLatch closed = new CountDownLatch(1);
    private Term term; // null while another leads; the thread's own

    public Election(KafkaSettings kafka, Candidate candidate) {
        this.candidate = candidate;
        config = new HashMap<>(kafka.consumer(GROUP));
        config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, (int) SESSION.toMillis());
        config.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, (int) HEARTBEAT.toMillis());
        // a thread that hangs does not lead, although its heartbeats go on
        config.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, (int) SESSION.toMillis());
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        config.putAll(kafka.overrides());
        thread.setDaemon(true);
    }

    /** Later calls change nothing. */
    public synchronized void start() {
        if (thread.getState() == Thread.State.NEW && !isClosed()) {
            thread.start();
        }
    }

    public boolean isAlive() {
        return thread.isAlive() || thread.getState() == Thread.State.NEW;
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }

    private void run() {
        while (!isClosed()) {
            try {
                stand();
            } catch (Throwable e) { // of any kind: without a leader nothing goes on
                LOG.warn("ING-27 standing for election again in {}: {}", RETRY, e.toString());
                LOG.debug("ING-27", e);
                awaitRetry();
            } finally {
                depose();
            }
        }
    }

    private void awaitRetry() {
        try {
            closed.await(RETRY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stand() {
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config);
        try {
            stand(consumer);
        } finally {
            consumer.close(CloseOptions.timeout(LEAVE));
        }
    }

    private void stand(KafkaConsumer<byte[], byte[]> consumer) {
        subscribe(consumer);
        while (!isClosed()) {
            consumer.poll(POLL);
            if (term != null && term.isOver()) { // fenced
                depose();
                consumer.unsubscribe();
                subscribe(consumer);
            } else if (consumer.assignment().contains(PARTITION)) {
                lead(consumer);
            }
        }
        depose();
    }

    private void subscribe(KafkaConsumer<byte[], byte[]> consumer) {
        consumer.subscribe(
                List.of(PARTITION.topic()),
                new ConsumerRebalanceListener() {
                    @Override
                    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                        // nothing is read, and what an earlier leader has left open is not waited
                        // for
                        partitions.forEach(partition -> consumer.seek(partition, 0));
                        consumer.pause(partitions);
                    }

                    @Override
                    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                        if (partitions.contains(PARTITION)) {
                            depose();
                        }
                    }
                });
    }

    private void lead(KafkaConsumer<byte[], byte[]> consumer) {
        if (term == null) {
            term = new Term(consumer.groupMetadata());
            candidate.elected(term);
        }
        if (!term.isAsked()) {
            term.renew(consumer.groupMetadata());
            return;
        }
        try {
            consumer.commitSync(OFFSETS, COMMIT);
            term.confirmed(consumer.groupMetadata());
        } catch (RetriableException | RebalanceInProgressException | CommitFailedException e) {
            LOG.debug("not confirmed yet", e); // the next poll finds out who leads
        }
    }

    private void depose() {
        if (term != null) {
            term.end();
            term = null;
            candidate.deposed();
        }
    }

    /** Leaves the group, so that another leads at once. */
    @Override
    public void close() {
        synchronized (this) {
            closed.countDown();
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
