package dev.nocturne.rerank;

import dev.nocturne.runtime.ClientMetrics;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TopicSizes;
import dev.nocturne.runtime.TransientException;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.MissingSourceTopicException;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the best k of each request's N candidates, exactly once, when all N are in. Its state
 * is on disk and, as changelogs, in Kafka; a lost disk costs a restore, nothing else.
 */
public final class RerankService implements Service {

    /** The Streams application id, and so the consumer group. */
    static final String GROUP = "rerank";

    private static final Logger LOG = LoggerFactory.getLogger(RerankService.class);
    private static final Duration RETRY = Duration.ofSeconds(2);

    /** So that the next process gets the partitions at once, not when this one's session ends. */
    private static final CloseOptions LEAVE =
            CloseOptions.timeout(Duration.ofSeconds(30))
                    .withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP);

    private final KafkaSettings kafka;
    private final Path stateDir;
    private final MeterRegistry registry;
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final BlockingQueue<Throwable> stopped = new LinkedBlockingQueue<>();
    private final Thread keeper = new Thread(this::keepStreaming, "rerank");
    private volatile KafkaStreams streams; // null until the topics are there
    private volatile String trouble; // null while there is none

    /**
     * @param stateDir local state, one folder per process; made if it is not there
     */
    public RerankService(KafkaSettings kafka, Path stateDir, MeterRegistry registry) {
        this.kafka = kafka;
        this.stateDir = stateDir;
        this.registry = registry;
    }

    /**
     * Gives the topics of the state as many partitions as what is read has. The services do so
     * themselves once they notice, and start again for it; whom it is done for beforehand goes on.
     *
     * @throws TransientException if no broker answers
     * @throws FatalException if a topic has too many, or the brokers refuse
     */
    public static void growState(KafkaSettings kafka) {
        Changelogs.grow(kafka);
    }

    static Properties config(KafkaSettings kafka, Path stateDir) {
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, GROUP);
        config.put(StreamsConfig.STATE_DIR_CONFIG, stateDir.toString());
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        // a ranking is waited for, so it is published at once; nothing is gained by a cache, as no
        // entry is written twice
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        // Kafka 5's default; without it each start warns, and the consumer's assignor once more
        String handler = StreamsConfig.PROCESSING_EXCEPTION_HANDLER_GLOBAL_ENABLED_CONFIG;
        config.put(handler, true);
        config.put(StreamsConfig.mainConsumerPrefix(handler), true);
        config.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
        // after a crash the partitions are free within seconds; by default only after 45 s
        config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, KafkaSettings.SESSION_TIMEOUT_MILLIS);
        config.put(
                ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                KafkaSettings.TRANSACTION_TIMEOUT_MILLIS);
        config.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, KafkaSettings.METADATA_MAX_AGE_MILLIS);
        // an empty lane must not hold up a fetch from the other
        config.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 100);
        TopicSizes topics = kafka.topics();
        topics.replication()
                .ifPresent(copies -> config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, copies));
        topics.minInsyncReplicas()
                .ifPresent(
                        copies ->
                                config.put(
                                        StreamsConfig.topicPrefix(TopicSizes.MIN_INSYNC_REPLICAS),
                                        copies));
        config.putAll(kafka.admin());
        return config;
    }

    @Override
    public void start() {
        RestoredTasks.install();
        keeper.start();
    }

    /**
     * Streams refuses to start without its source topic, and stops when the partitions of the topic
     * are raised; a broker that is away may come back.
     */
    private void keepStreaming() {
        try {
            do {
                try {
                    TopicAdmin.createMissing(kafka);
                    stopped.clear();
                    startTopology();
                    Throwable reason = stopped.take();
                    LOG.warn("streams stopped: {}", KafkaSettings.rootMessage(reason));
                    streams.close(LEAVE);
                    if (!Changelogs.grow(kafka) && !isOfPartitions(reason)) {
                        fail(reason);
                        return;
                    }
                } catch (TransientException e) {
                    trouble = e.getMessage();
                    LOG.warn("waiting: {}", trouble);
                }
            } while (!closed.await(RETRY.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) {
            fail(e);
        }
    }

    /**
     * Whether Streams found other numbers of partitions than there are now: its own of what is read
     * are as old as its metadata.
     */
    private static boolean isOfPartitions(Throwable reason) {
        return KafkaSettings.rootMessage(reason).contains("has invalid partitions");
    }

    private void startTopology() {
        try {
            Properties config = config(kafka, stateDir);
            ClientMetrics.report(config, GROUP, registry);
            streams =
                    new KafkaStreams(
                            RerankTopology.build(kafka.topics().retention(), registry),
                            config,
                            new ClientsThatCommitPositions());
            streams.setUncaughtExceptionHandler(this::onUncaught);
            trouble = null;
            streams.start();
        } catch (StreamsException e) {
            throw new FatalException(
                    "state folder %s: %s: check that it can be written and is used by no other process"
                            .formatted(stateDir, KafkaSettings.rootMessage(e)),
                    e);
        } catch (KafkaException e) {
            throw kafka.asStageException("cannot start", e);
        }
    }

    /** Called from the stream thread that dies of it. Kafka itself retries what it can. */
    StreamThreadExceptionResponse onUncaught(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            // a topic that was created just now is not known to every broker at once; and where a
            // thread was not let run for so long that the brokers have ended its transaction,
            // Streams knows it only if they tell it by another error
            if (cause instanceof RetriableException
                    || cause instanceof MissingSourceTopicException
                    || cause instanceof InvalidTxnStateException) {
                LOG.warn("stream thread replaced: {}", cause.getMessage());
                return StreamThreadExceptionResponse.REPLACE_THREAD;
            }
        }
        stopped.add(e);
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }

    private void fail(Throwable e) {
        trouble = KafkaSettings.rootMessage(e);
        LOG.error("rerank stopped: {}", trouble);
        failure.complete(
                e instanceof FatalException fatal ? fatal : new FatalException(trouble, e));
    }

    @Override
    public Health health() {
        KafkaStreams started = streams;
        String state =
                started == null ? "starting" : started.state().name().toLowerCase(Locale.ROOT);
        boolean keeperIsDead = !keeper.isAlive() && keeper.getState() != Thread.State.NEW;
        return new Health(
                !failure.isDone() && !keeperIsDead,
                started != null && started.state() == KafkaStreams.State.RUNNING,
                "rerank: " + (trouble == null ? state : trouble));
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        closed.countDown();
        keeper.interrupt(); // it may be waiting for a broker
        try {
            keeper.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (streams != null) {
            streams.close(LEAVE);
        }
    }
}
