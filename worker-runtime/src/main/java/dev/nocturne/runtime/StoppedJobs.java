package dev.nocturne.runtime;

import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobStopped;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows which jobs have been cancelled or have expired, by following their events on a thread of
 * its own. Who asks too early learns it too late and does work that counts for nothing; no more.
 */
public final class StoppedJobs implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(StoppedJobs.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration RETRY = Duration.ofSeconds(2);

    private final KafkaSettings kafka;
    private final Set<String> stopped = ConcurrentHashMap.newKeySet();
    private final Thread thread = new Thread(this::run, "stopped-jobs");
    private final Object lock = new Object(); // guards the next two
    private KafkaConsumer<byte[], byte[]> consumer; // null while there is none
    private boolean closed;

    public StoppedJobs(KafkaSettings kafka) {
        this.kafka = kafka;
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    /** From any thread. */
    public boolean contains(String jobId) {
        return stopped.contains(jobId);
    }

    private void run() {
        while (open()) {
            try {
                TopicAdmin.createMissing(kafka);
                follow();
            } catch (WakeupException e) {
                LOG.debug("no longer following job events");
            } catch (KafkaException | StageException e) {
                LOG.warn("job events cannot be read, next try in {}: {}", RETRY, e.getMessage());
                pause();
            } finally {
                closeConsumer();
            }
        }
    }

    private boolean open() {
        synchronized (lock) {
            if (closed) {
                return false;
            }
            Map<String, Object> config = kafka.consumer("");
            config.remove(ConsumerConfig.GROUP_ID_CONFIG);
            consumer = new KafkaConsumer<>(config);
            return true;
        }
    }

    private void follow() {
        TopicPartition partition = new TopicPartition(Topics.JOB_EVENTS.name(), 0);
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        while (true) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                read(record.value());
            }
        }
    }

    private void read(byte[] value) {
        try {
            JobEvent event = EventCodec.decode(JobEvent.class, value);
            if (event.getChange() instanceof JobStopped) {
                stopped.add(event.getJobId());
                LOG.info("job {} is stopped", event.getJobId());
            }
        } catch (MalformedEventException e) {
            LOG.warn("skipped a job event: {}", e.getMessage());
        }
    }

    private void pause() {
        synchronized (lock) {
            try {
                if (!closed) {
                    lock.wait(RETRY.toMillis());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void closeConsumer() {
        synchronized (lock) {
            consumer.close();
            consumer = null;
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
            if (consumer != null) {
                consumer.wakeup();
            }
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
