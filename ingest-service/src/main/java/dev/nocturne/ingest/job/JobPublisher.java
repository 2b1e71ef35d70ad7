package dev.nocturne.ingest.job;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.runtime.EventRecords;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.SentAgain;
import dev.nocturne.schemas.Topic;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;

/**
 * Publishes what this service has to say: single events at once, which any instance may, and many
 * in one transaction, of which readers see all or nothing, and which only the leader can commit.
 * Thread-safe; transactions go one after the other.
 *
 * <p>A transaction is fenced twice: by its transactional id, which a new leader takes away from the
 * one before, and by an offset of the election's group, which no other member than the leader can
 * commit. So an instance that was stopped for long, and does not know yet that another leads,
 * writes nothing.
 */
public final class JobPublisher implements AutoCloseable {

    /** The same for every instance, so that a new leader ends the transaction of the one before. */
    private static final String TRANSACTIONAL_ID = "ingest";

    /** Room for what a large job that was stopped has left, on a slow broker. */
    private static final int TRANSACTION_TIMEOUT_MILLIS = 5 * 60_000;

    /** Takes the events of a transaction. */
    public interface Transaction {
        <T extends SpecificRecord> void send(Topic<T> topic, String key, T event);

        /** Takes back what a compacted topic has under the key. */
        void forget(Topic<?> topic, String key);

        /** Says that the request with this key is sent again, see {@link SentAgain}. */
        void markSentAgain(String key);
    }

    /** Says what a transaction consists of. */
    public interface Content {
        /**
         * @return false: publish none of it
         */
        boolean sendTo(Transaction transaction);
    }

    private final Map<String, Object> transactionalConfig;
    private final Map<String, Object> config;
    private volatile Term term; // null until this instance leads; written under the next's lock

    /** Null until first used and after an error; guarded by this. */
    private Producer<byte[], byte[]> transactional;

    private Producer<byte[], byte[]> producer; // likewise; guarded by config

    public JobPublisher(KafkaSettings kafka) {
        config = kafka.producer();
        transactionalConfig = kafka.transactionalProducer(TRANSACTIONAL_ID);
        transactionalConfig.put(
                ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MILLIS);
    }

    /**
     * Returns when the event, which is no result, is in the log.
     *
     * @throws IngestException UNAVAILABLE if the brokers do not confirm it; it may be there
     */
    public <T extends SpecificRecord> void publish(Topic<T> topic, String key, T event) {
        try {
            for (ProducerRecord<byte[], byte[]> record : EventRecords.of(topic, key, event)) {
                producer().send(record).get();
            }
        } catch (ExecutionException e) {
            throw unconfirmed(e.getCause());
        } catch (KafkaException e) {
            throw unconfirmed(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unconfirmed(e);
        }
    }

    private static IngestException unconfirmed(Throwable e) {
        return IngestException.unavailable(
                "Kafka did not confirm (%s): try again later, with the same Idempotency-Key"
                        .formatted(e.getMessage()),
                e);
    }

    /**
     * Begins to lead: what earlier leaders have left open is ended.
     *
     * @param opened called when all is published, as in {@link #publish(Runnable, Content)}
     * @throws IngestException UNAVAILABLE if this instance does not lead, or the brokers are away
     */
    public synchronized void lead(Term term, Runnable opened) {
        closeTransactional();
        this.term = term;
        try {
            transactional(opened);
        } catch (KafkaException e) {
            closeTransactional();
            throw unconfirmed(e);
        } catch (RuntimeException e) {
            closeTransactional(); // or the next would not call it
            throw e;
        }
    }

    /** Whether this instance leads, as far as it knows. */
    public boolean leads() {
        Term current = term;
        return current != null && !current.isOver();
    }

    /**
     * Publishes all of the content or nothing, as the leader.
     *
     * @param opened called first if an earlier transaction may have ended only now; what it has
     *     published can be read from then on
     * @return false if the content said so
     * @throws IngestException UNAVAILABLE if this instance does not lead, or the brokers do not
     *     confirm it; it may be there
     */
    public synchronized boolean publish(Runnable opened, Content content) {
        if (!leads()) {
            throw Term.notLeading(null);
        }
        try {
            Producer<byte[], byte[]> open = transactional(opened);
            begin(open);
            boolean wanted = content.sendTo(new Sender(open));
            if (wanted) {
                open.commitTransaction();
            } else {
                open.abortTransaction();
            }
            return wanted;
        } catch (KafkaException e) {
            closeTransactional();
            if (isFenced(e)) {
                term.fenced(e);
                throw Term.notLeading(e);
            }
            throw unconfirmed(e);
        } catch (RuntimeException e) {
            closeTransactional(); // the content broke off
            throw e;
        }
    }

    /**
     * Returns when the brokers have confirmed that this instance leads: what was done before, was
     * done by the leader.
     *
     * @param opened as in {@link #publish(Runnable, Content)}
     * @throws IngestException UNAVAILABLE if it does not lead, or they do not confirm it
     */
    public void confirmLeading(Runnable opened) {
        publish(opened, transaction -> true);
    }

    /**
     * First of all the fence. Whoever joins or leaves the group makes it another generation: the
     * leader learns of it a moment later than the brokers, and stays the leader.
     */
    private void begin(Producer<byte[], byte[]> open) {
        open.beginTransaction();
        try {
            open.sendOffsetsToTransaction(Election.OFFSETS, term.group());
        } catch (CommitFailedException e) {
            open.abortTransaction();
            term.confirm();
            open.beginTransaction();
            open.sendOffsetsToTransaction(Election.OFFSETS, term.group());
        }
    }

    /** Whether the brokers refuse to write because another may do it now. */
    public static boolean isFenced(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProducerFencedException
                    || cause instanceof InvalidProducerEpochException
                    || cause instanceof CommitFailedException) {
                return true;
            }
        }
        return false;
    }

    private record Sender(Producer<byte[], byte[]> producer) implements Transaction {
        @Override
        public <T extends SpecificRecord> void send(Topic<T> topic, String key, T event) {
            EventRecords.of(topic, key, event).forEach(producer::send);
        }

        @Override
        public void forget(Topic<?> topic, String key) {
            producer.send(new ProducerRecord<>(topic.name(), key.getBytes(UTF_8), null));
        }

        @Override
        public void markSentAgain(String key) {
            producer.send(SentAgain.mark(key));
        }
    }

    private Producer<byte[], byte[]> transactional(Runnable opened) {
        if (transactional == null) {
            term.confirm(); // or it would take the transactional id away from the leader
            transactional = new KafkaProducer<>(transactionalConfig);
            transactional.initTransactions();
            opened.run();
        }
        return transactional;
    }

    private Producer<byte[], byte[]> producer() {
        synchronized (config) {
            if (producer == null) {
                producer = new KafkaProducer<>(config);
            }
            return producer;
        }
    }

    /** An open transaction is aborted by the brokers when the next producer starts. */
    private void closeTransactional() {
        if (transactional != null) {
            transactional.close(Duration.ZERO);
            transactional = null;
        }
    }

    @Override
    public synchronized void close() {
        closeTransactional();
        synchronized (config) {
            if (producer != null) {
                producer.close(Duration.ZERO);
                producer = null;
            }
        }
    }
}
