package dev.nocturne.ingest.job;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.TopicReader;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the summaries of jobs that are over, as far as the index does not have them, then the
 * events and results from where the last summary says that the log begins, then follows all of
 * them. It belongs to no consumer group and commits nothing: the topics are the state.
 */
public final class JobLog implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobLog.class);

    static final List<Topic<?>> TOPICS =
            List.of(
                    Topics.JOB_SUMMARIES,
                    Topics.JOBS,
                    Topics.JOB_EVENTS,
                    Topics.RESULTS,
                    Topics.DEPLOYMENTS);

    /** Those of which only what open jobs need is read. */
    public static final List<Topic<?>> OF_JOBS =
            List.of(Topics.JOBS, Topics.JOB_EVENTS, Topics.RESULTS);

    private static final TopicPartition SUMMARIES =
            new TopicPartition(Topics.JOB_SUMMARIES.name(), 0);

    /** Takes what is read, on the reading thread. */
    public interface Listener {
        /**
         * @param place null if it was published here: it comes again from the log
         */
        void read(JobSubmitted event, Place place);

        /**
         * @param place null if it was published here: it comes again from the log
         */
        void read(JobEvent event, Place place);

        default void read(JobSubmitted event) {
            read(event, null);
        }

        default void read(JobEvent event) {
            read(event, null);
        }

        void read(RequestFinished event, int partition, long offset);

        void read(BundleDeployed event);

        void read(JobSummary summary);

        /** Its summary has been taken back: nothing is known of it. */
        void forget(String jobId);

        /**
         * @param next the offset that is read next, of each partition of {@link #OF_JOBS}
         */
        void readTo(Map<TopicPartition, Long> next);
    }

    private final KafkaSettings kafka;
    private final JobIndex index;
    private final TopicReader summaries;
    private final TopicReader reader;
    private final Listener listener;
    private final SkippedRecords skipped;
    private String topicId; // of the summaries, from when their reading begins; its thread's own

    /**
     * @param index of the listener: it has what the listener was told of summaries
     */
    public JobLog(KafkaSettings kafka, JobIndex index, Listener listener, SkippedRecords skipped) {
        this.kafka = kafka;
        this.index = index;
        summaries =
                new TopicReader(
                        kafka, "the summaries of jobs", Topics.JOB_SUMMARIES, this::summaryStart);
        reader =
                new TopicReader(
                        kafka.consumer(),
                        "the job log",
                        TOPICS.stream().map(Topic::name).toList(),
                        this::logStart);
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
            readSummaries(progress);
            Map<TopicPartition, Long> next =
                    new HashMap<>(
                            reader.readToEnd(
                                    this::read,
                                    (read, total) ->
                                            progress.accept(
                                                    new Progress("the job log", read, total))));
            passed(next);
            caughtUp.run();
            reader.follow(
                    records -> {
                        records.forEach(this::read);
                        records.nextOffsets()
                                .forEach((partition, at) -> next.put(partition, at.offset()));
                        passed(next);
                    });
        } catch (WakeupException e) {
            LOG.debug("stopped reading the job log");
        }
    }

    private void readSummaries(Consumer<Progress> progress) {
        Map<TopicPartition, Long> ends =
                summaries.readToEnd(
                        this::read,
                        (read, total) ->
                                progress.accept(
                                        new Progress(
                                                "the summaries of finished jobs", read, total)));
        index.readTo(ends.get(SUMMARIES));
        index.flush();
        summaries.close();
    }

    private void passed(Map<TopicPartition, Long> next) {
        if (index.isBroken()) {
            throw new TransientException("the index of finished jobs is built anew", null);
        }
        index.readTo(next.get(SUMMARIES));
        Map<TopicPartition, Long> ofJobs = new HashMap<>(next);
        ofJobs.keySet().removeIf(partition -> !isOfJobs(partition));
        listener.readTo(ofJobs);
    }

    /** Whether only what open jobs need is read of it. */
    public static boolean isOfJobs(TopicPartition partition) {
        return OF_JOBS.stream().anyMatch(topic -> topic.name().equals(partition.topic()));
    }

    private Map<TopicPartition, Long> summaryStart(
            org.apache.kafka.clients.consumer.Consumer<?, ?> consumer,
            Set<TopicPartition> partitions) {
        Map<TopicPartition, Long> starts = new HashMap<>(consumer.endOffsets(partitions));
        topicId = topicId();
        starts.replaceAll((partition, end) -> index.begin(topicId, end));
        return starts;
    }

    /** Of another topic of the same name nothing is known. */
    private String topicId() {
        String topic = Topics.JOB_SUMMARIES.name();
        try (Admin admin = Admin.create(kafka.admin())) {
            return admin.describeTopics(List.of(topic))
                    .allTopicNames()
                    .get()
                    .get(topic)
                    .topicId()
                    .toString();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException broken
                    ? broken
                    : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptException(e);
        }
    }

    /** What lies before belongs to jobs that are over, or is no longer there. */
    private Map<TopicPartition, Long> logStart(
            org.apache.kafka.clients.consumer.Consumer<?, ?> consumer,
            Set<TopicPartition> partitions) {
        Map<TopicPartition, Long> starts = new HashMap<>(consumer.beginningOffsets(partitions));
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        Map<String, Long> known = index.logStart();
        starts.replaceAll(
                (partition, beginning) -> {
                    if (partition.equals(SUMMARIES)) {
                        return index.begin(topicId, ends.get(partition));
                    }
                    long start = known.getOrDefault(partition.toString(), beginning);
                    boolean isThere = start >= beginning && start <= ends.get(partition);
                    return isThere ? start : beginning;
                });
        return starts;
    }

    /** How far the log has been read, in offsets. */
    public record Progress(String what, long read, long total) {
        @Override
        public String toString() {
            return "reading %s: %d of %d records (%d %%)"
                    .formatted(what, read, total, total == 0 ? 100 : 100 * read / total);
        }
    }

    /**
     * From any thread: done when everything has been read that is in the log by now. Fails with a
     * {@link TransientException} if nothing is read any more.
     */
    public CompletableFuture<Void> caughtUp() {
        return reader.caughtUp();
    }

    /** A record that cannot be read changes no job; it would be skipped on every start alike. */
    private void read(ConsumerRecord<byte[], byte[]> record) {
        try {
            if (record.topic().equals(Topics.JOBS.name())) {
                listener.read(LogRecords.jobSubmitted(record), Place.of(record));
            } else if (record.topic().equals(Topics.JOB_EVENTS.name())) {
                listener.read(LogRecords.jobEvent(record), Place.of(record));
            } else if (record.topic().equals(Topics.JOB_SUMMARIES.name())) {
                readSummary(record);
            } else if (record.topic().equals(Topics.DEPLOYMENTS.name())) {
                listener.read(EventCodec.decode(BundleDeployed.class, record.value()));
            } else {
                listener.read(
                        LogRecords.requestFinished(record), record.partition(), record.offset());
            }
        } catch (StageException e) {
            throw e; // it is not the record's fault
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            skipped.add(record, e); // whatever it is, the next start would meet it again
        }
    }

    private void readSummary(ConsumerRecord<byte[], byte[]> record) {
        if (record.value() == null && record.key() != null) {
            listener.forget(new String(record.key(), UTF_8));
        } else {
            listener.read(LogRecords.jobSummary(record));
        }
    }

    /** From any thread: makes {@link #follow} return. */
    public void stop() {
        summaries.stop();
        reader.stop();
    }

    /** From the thread that called {@link #follow}, or would have. */
    @Override
    public void close() {
        summaries.close();
        reader.close();
    }
}
