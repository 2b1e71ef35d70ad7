package dev.nocturne.ingest.job;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.runtime.EventRecords;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.SentAgain;
import dev.nocturne.schemas.Topic;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/**
 * Publishes what this service has to say: single events at once, many in one transaction, of which
 * readers see all or nothing. Thread-safe; transactions go one after the other.
 */
public final class JobPublisher implements AutoCloseable {

    /**
     * The same for every process, so that a new one ends the transaction of one that was killed. It
     * also means that there is one ingest-service at a time.
     */
    private static final String TRANSACTIONAL_ID = "ingest";

    /** Room for what a large job that was stopped has left, on a slow broker. */
    private static final int TRANSACTION_TIMEOUT_MILLIS = 5 * 60_000;

    /** Takes the events of a transaction. */
    public interface Transaction {
        <T extends SpecificRecord> void send(Topic<T> topic, String key, T event);

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
    private Producer<byte[], byte[]> transactional; // null until first used; guarded by this
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
     * Publishes all of the content or nothing.
     *
     * @param opened called first if an earlier transaction of this service may have ended only now;
     *     what it has published can be read from then on
     * @return false if the content said so
     * @throws IngestException UNAVAILABLE if the brokers do not confirm it; it may be there
     */
    public synchronized boolean publish(Runnable opened, Content content) {
        try {
            Producer<byte[], byte[]> open = transactional(opened);
            open.beginTransaction();
            boolean wanted = content.sendTo(new Sender(open));
            if (wanted) {
                open.commitTransaction();
            } else {
                open.abortTransaction();
            }
            return wanted;
        } catch (KafkaException e) {
            closeTransactional();
            throw unconfirmed(e);
        } catch (RuntimeException e) {
            closeTransactional(); // the content broke off
            throw e;
        }
    }

    private record Sender(Producer<byte[], byte[]> producer) implements Transaction {
        @Override
        public <T extends SpecificRecord> void send(Topic<T> topic, String key, T event) {
            EventRecords.of(topic, key, event).forEach(producer::send);
        }

        @Override
        public void markSentAgain(String key) {
            producer.send(SentAgain.mark(key));
        }
    }

    private Producer<byte[], byte[]> transactional(Runnable opened) {
        if (transactional == null) {
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
