package dev.nocturne.rerank;

import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TransientException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the best k of each request's N candidates, exactly once, when all N are in. Its state is
 * on disk and, as changelogs, in Kafka; a lost disk costs a restore, nothing else.
 */
public final class RerankService implements Service {

    /** The Streams application id, and so the consumer group. */
    static final String GROUP = "rerank";

    private static final Logger LOG = LoggerFactory.getLogger(RerankService.class);
    private static final Duration RETRY = Duration.ofSeconds(2);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

    private final KafkaSettings kafka;
    private final KafkaStreams streams;
    private final KafkaStreamsMetrics metrics;
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread starter = new Thread(this::startStreams, "rerank-start");
    private volatile String trouble; // null while there is none

    /**
     * @param stateDir local state, one folder per process; made if it is not there
     * @throws FatalException if {@code stateDir} cannot be used
     */
    public RerankService(KafkaSettings kafka, Path stateDir, MeterRegistry registry) {
        this.kafka = kafka;
        try {
            streams = new KafkaStreams(RerankTopology.build(), config(kafka, stateDir));
        } catch (StreamsException e) {
            throw new FatalException(
                    "state folder %s: %s: check that it can be written and that no other process uses it"
                            .formatted(stateDir, e.getMessage()),
                    e);
        }
        streams.setUncaughtExceptionHandler(this::onUncaught);
        metrics = new KafkaStreamsMetrics(streams);
        metrics.bindTo(registry);
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
        config.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
        // a restarted process gets its partitions back at once, after a crash within seconds; Streams
        // would have it wait for the old member's session to end, 45 s by default
        config.put(StreamsConfig.mainConsumerPrefix("internal.leave.group.on.close"), true);
        config.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
        config.putAll(kafka.admin());
        return config;
    }

    @Override
    public void start() {
        starter.start();
    }

    /** Streams refuses to start without its source topic; a broker that is away may come back. */
    private void startStreams() {
        try {
            do {
                try {
                    TopicAdmin.createMissing(kafka);
                    if (closed.getCount() > 0) {
                        streams.start();
                    }
                    trouble = null;
                    return;
                } catch (TransientException e) {
                    trouble = e.getMessage();
                    LOG.warn("waiting: {}", trouble);
                }
            } while (!closed.await(RETRY.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (StageException | StreamsException e) {
            fail(e);
        }
    }

    /** Called from the stream thread that dies of it. Kafka itself retries what it can. */
    private StreamThreadExceptionResponse onUncaught(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RetriableException) {
                LOG.warn("stream thread replaced: {}", cause.getMessage());
                return StreamThreadExceptionResponse.REPLACE_THREAD;
            }
        }
        fail(e);
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }

    private void fail(Throwable e) {
        trouble = e.getMessage();
        LOG.error("rerank stopped: {}", trouble, e);
        failure.complete(
                e instanceof FatalException fatal ? fatal : new FatalException(trouble, e));
    }

    @Override
    public Health health() {
        KafkaStreams.State state = streams.state();
        String message = trouble == null ? state.name().toLowerCase(Locale.ROOT) : trouble;
        return new Health(
                !failure.isDone() && state != KafkaStreams.State.ERROR,
                state == KafkaStreams.State.RUNNING,
                "rerank: " + message);
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        closed.countDown();
        starter.interrupt(); // it may be waiting for a broker
        try {
            starter.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        streams.close(CLOSE_TIMEOUT);
        metrics.close();
    }
}
