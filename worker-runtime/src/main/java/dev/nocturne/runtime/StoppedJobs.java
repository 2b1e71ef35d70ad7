package dev.nocturne.runtime;

import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobStopped;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows which jobs have been cancelled or have expired, by following their events on a thread of
 * its own, which only {@link #close} ends. Who asks too early learns it too late and does work that
 * counts for nothing; no more.
 */
public final class StoppedJobs implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(StoppedJobs.class);

    private final Counter skipped;
    private final Set<String> stopped = ConcurrentHashMap.newKeySet();
    private final TopicReader reader;
    private final FollowerThread thread;
    private volatile String trouble = "starting"; // why the events are not read; "" if they are

    public StoppedJobs(KafkaSettings kafka, MeterRegistry meters) {
        reader =
                new TopicReader(
                        kafka, "the log of jobs", Topics.JOB_EVENTS, TopicReader.Start.BEGINNING);
        thread =
                new FollowerThread(
                        "stopped-jobs",
                        kafka,
                        () -> reader.follow(this::read),
                        reader::stop,
                        this::broken);
        skipped =
                Counter.builder("nocturne.records.skipped")
                        .description("records in the log that are no events")
                        .tag("topic", Topics.JOB_EVENTS.name())
                        .register(meters);
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
        boolean alive = thread.isAlive();
        String state = trouble.isEmpty() ? "followed" : trouble;
        return new Health(
                alive,
                alive && trouble.isEmpty(),
                "job events: " + (alive ? state : "the thread that follows them is dead"));
    }

    private void broken(String reason) {
        trouble = reason;
        LOG.warn("job events cannot be read, next try in {}: {}", FollowerThread.RETRY, reason);
    }

    private void read(ConsumerRecords<byte[], byte[]> records) {
        records.forEach(this::read);
        trouble = "";
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

    @Override
    public void close() {
        thread.close();
    }
}
