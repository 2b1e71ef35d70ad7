package dev.nocturne.runtime;

import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobStopped;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows which jobs have been cancelled or have expired, by following their events on a thread of
 * its own, which only {@link #close} ends. Who asks too early learns it too late and does work that
 * counts for nothing; no more.
 */
public final class StoppedJobs implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(StoppedJobs.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration RETRY = Duration.ofSeconds(2);

    private final KafkaSettings kafka;
    private final Counter skipped;
    private final Set<String> stopped = ConcurrentHashMap.newKeySet();
    private final Thread thread = new Thread(this::run, "stopped-jobs");
    private long nextOffset; // the thread's own: each record is read once
    private final Object lock = new Object(); // guards the next two
    private KafkaConsumer<byte[], byte[]> consumer; // null while there is none
    private boolean closed;
    private volatile String trouble = "starting"; // why the events are not read; "" if they are

    public StoppedJobs(KafkaSettings kafka, MeterRegistry meters) {
        this.kafka = kafka;
        skipped =
                Counter.builder("nocturne.records.skipped")
                        .description("records in the log that are no events")
                        .tag("topic", Topics.JOB_EVENTS.name())
                        .register(meters);
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    /** From any thread. */
    public boolean contains(String jobId) {
        return stopped.contains(jobId);
    }

    /** Not ready while cancelled jobs would be drawn. */
    public Health health() {
        boolean alive = thread.isAlive() || thread.getState() == Thread.State.NEW;
        String state = trouble.isEmpty() ? "followed" : trouble;
        return new Health(
                alive,
                alive && trouble.isEmpty(),
                "job events: " + (alive ? state : "the thread that follows them is dead"));
    }

    private void run() {
        while (!isClosed()) {
            try {
                TopicAdmin.createMissing(kafka);
                if (open()) {
                    follow();
                }
            } catch (WakeupException e) {
                LOG.debug("no longer following job events");
            } catch (Throwable e) {
                trouble = StageException.oneLine(e);
                LOG.warn("job events cannot be read, next try in {}: {}", RETRY, trouble);
                pause();
            } finally {
                closeConsumer();
            }
        }
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private boolean open() {
        synchronized (lock) {
            if (closed) {
                return false;
            }
            consumer = new KafkaConsumer<>(kafka.consumer());
            return true;
        }
    }

    private void follow() {
        TopicPartition partition = new TopicPartition(Topics.JOB_EVENTS.name(), 0);
        consumer.assign(List.of(partition));
        consumer.seek(partition, nextOffset);
        while (true) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                read(record);
                nextOffset = record.offset() + 1;
            }
            trouble = "";
        }
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        try {
            JobEvent event = EventCodec.decode(JobEvent.class, record.value());
            if (!(event.getChange() instanceof JobStopped)) {
                return;
            }
            if (!Ids.isJobId(event.getJobId())) {
                skip(record, "its job id is malformed");
            } else if (stopped.add(event.getJobId())) {
                LOG.info("job {} is stopped", event.getJobId());
            }
        } catch (MalformedEventException e) {
            skip(record, e.getMessage());
        }
    }

    private void skip(ConsumerRecord<byte[], byte[]> record, String reason) {
        skipped.increment();
        LOG.warn(
                "skipped the record of {} at offset {}: {}",
                record.topic(),
                record.offset(),
                reason);
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
            if (consumer != null) {
                consumer.close();
                consumer = null;
            }
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
