package dev.nocturne.ingest.job;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicReader;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the events of jobs and the results from their beginning, then follows them. It belongs to
 * no consumer group and commits nothing: the topics are the state, and every start replays them.
 */
public final class JobLog implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobLog.class);

    static final List<Topic<?>> TOPICS =
            List.of(Topics.JOBS, Topics.JOB_EVENTS, Topics.RESULTS, Topics.DEPLOYMENTS);

    /** Takes what is read, on the reading thread. */
    public interface Listener {
        void read(JobSubmitted event);

        void read(JobEvent event);

        void read(RequestFinished event, int partition, long offset);

        void read(BundleDeployed event);
    }

    private final TopicReader reader;
    private final Listener listener;
    private final SkippedRecords skipped;

    public JobLog(KafkaSettings kafka, Listener listener, SkippedRecords skipped) {
        reader =
                new TopicReader(
                        kafka.consumer(),
                        "the job log",
                        TOPICS.stream().map(Topic::name).toList(),
                        TopicReader.Start.BEGINNING);
        this.listener = listener;
        this.skipped = skipped;
    }

    /**
     * Calls the listener, on this thread, until {@link #stop}.
     *
     * @param progress told after every step how much is read, until that is everything
     * @param caughtUp called once, when everything has been read that was there at the start
     * @throws org.apache.kafka.common.KafkaException if the brokers do not answer, or refuse, or a
     *     topic is not there
     */
    public void follow(Consumer<Progress> progress, Runnable caughtUp) {
        try {
            reader.readToEnd(
                    this::read, (read, total) -> progress.accept(new Progress(read, total)));
            caughtUp.run();
            reader.follow(records -> records.forEach(this::read));
        } catch (WakeupException e) {
            LOG.debug("stopped reading the job log");
        }
    }

    /** How far the log has been read, in offsets. */
    public record Progress(long read, long total) {
        @Override
        public String toString() {
            return "reading the job log: %d of %d records (%d %%)"
                    .formatted(read, total, total == 0 ? 100 : 100 * read / total);
        }
    }

    /**
     * From any thread: done when everything has been read that is in the log by now. Fails with a
     * {@link TransientException} if nothing is read any more.
     */
    public CompletableFuture<Void> caughtUp() {
        return reader.caughtUp();
    }

    /** A record that cannot be read changes no job; it would be skipped on every replay alike. */
    private void read(ConsumerRecord<byte[], byte[]> record) {
        try {
            if (record.topic().equals(Topics.JOBS.name())) {
                listener.read(LogRecords.jobSubmitted(record));
            } else if (record.topic().equals(Topics.JOB_EVENTS.name())) {
                listener.read(LogRecords.jobEvent(record));
            } else if (record.topic().equals(Topics.DEPLOYMENTS.name())) {
                listener.read(EventCodec.decode(BundleDeployed.class, record.value()));
            } else {
                listener.read(
                        LogRecords.requestFinished(record), record.partition(), record.offset());
            }
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            skipped.add(record, e); // whatever it is, the next start would meet it again
        }
    }

    /** From any thread: makes {@link #follow} return. */
    public void stop() {
        reader.stop();
    }

    /** From the thread that called {@link #follow}, or would have. */
    @Override
    public void close() {
        reader.close();
    }
}
