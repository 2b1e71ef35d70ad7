package dev.nocturne.runtime;

import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.runtime.Batch.Processed;
import dev.nocturne.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a stage on two threads: the poll thread owns consumer and producer and comes round every
 * second whatever the work takes; the work thread owns the stage and its model. It reads both lanes
 * of the stage's input, the interactive one first ({@link WaitingRecords}); what follows from a
 * record stays in its lane.
 *
 * <p>A batch's outputs and its offsets go in one transaction, opened after the work; what is passed
 * without work is committed with them, or in a while, see {@link PassedOffsets}. Work for a
 * partition that goes to another worker is dropped. A record that can never succeed becomes a dead
 * letter and a failed result in the same transaction as its neighbours' outputs, whatever it
 * throws, and even if the process dies of it, see {@link Deliveries}; but if the fault may be the
 * worker's, only once {@link Stage#selfTest} has passed. Work that fails for the moment is tried
 * again with growing delays. After the last attempt, a {@link FatalException} or a failed self-test
 * the runner stops with nothing of it committed and completes {@link #failure()}.
 */
public final class StageRunner<I extends SpecificRecord> implements Service {

    private static final Logger LOG = LoggerFactory.getLogger(StageRunner.class);

    private static final Duration POLL = Duration.ofSeconds(1);

    /** A fuller batch is worth this wait: records come in bursts, one transaction upstream each. */
    private static final Duration GATHER = Duration.ofMillis(50);

    private static final Duration LONGEST_GATHER = Duration.ofMillis(250);

    /**
     * A partition that has run dry is asked again only when the fetch under way is back, and an
     * empty lane holds that one up for as long as it may wait.
     */
    private static final Duration FETCH_WAIT = Duration.ofMillis(100);

    /** Well above every bounded wait of the poll thread. */
    private static final Duration POLL_STALLED = Duration.ofMinutes(3);

    /** Well above one chunk of a decode batch on a slow machine. */
    private static final Duration WORK_STALLED = Duration.ofMinutes(15);

    private static final Duration CLOSE_TIMEOUT = Duration.ofMinutes(1);

    private enum Phase {
        LOADING,
        JOINING,
        RUNNING,
        STOPPED
    }

    private final Stage<I> stage;
    private final KafkaSettings kafka;
    private final Backoff backoff;
    private final MeterRegistry meters;
    private final StageMetrics metrics;
    private final StageWork<I> work;
    private final Transactions transactions;
    private final Thread pollThread;
    private final ExecutorService workThread;
    private final CountDownLatch stopRequested = new CountDownLatch(1);
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();

    // written by the poll thread, read by all
    private volatile Phase phase = Phase.LOADING;
    private volatile String trouble = ""; // why nothing goes on at the moment
    private volatile long lastPollNanos = System.nanoTime();
    private volatile Batch<I> batch; // at work, or waiting for its commit or next attempt; or null

    // the poll thread's own
    private final WaitingRecords<I> waiting;
    private final Deliveries<I> deliveries;
    private final FinishedRequests<I> finished;
    private final PassedOffsets passed = new PassedOffsets();
    private long gatheringSinceNanos;
    private boolean quiet; // the last poll brought nothing
    private CompletableFuture<Void> selfTest; // before the first suspect record; null: none yet

    private final Object consumerLock = new Object(); // between wakeup and close
    private Consumer<byte[], byte[]> consumer;

    public StageRunner(Stage<I> stage, KafkaSettings kafka, MeterRegistry meters, Clock clock) {
        this(stage, kafka, meters, clock, Backoff.DEFAULT, KafkaProducer::new);
    }

    /** For tests, which do not wait long and break the producer. */
    StageRunner(
            Stage<I> stage,
            KafkaSettings kafka,
            MeterRegistry meters,
            Clock clock,
            Backoff backoff,
            Function<Map<String, Object>, Producer<byte[], byte[]>> producers) {
        this.stage = stage;
        waiting = new WaitingRecords<>(stage);
        this.kafka = kafka;
        this.backoff = backoff;
        this.meters = meters;
        metrics = new StageMetrics(meters, stage.name(), stage.input());
        Map<String, Object> producerConfig =
                new HashMap<>(kafka.transactionalProducer(stage.name() + "-" + UUID.randomUUID()));
        ClientMetrics.report(producerConfig, stage.name() + "-producer", meters);
        int maxRecordBytes = KafkaSettings.maxRecordBytes(producerConfig);
        work = new StageWork<>(stage, clock, metrics, maxRecordBytes);
        transactions = new Transactions(() -> producers.apply(producerConfig));
        pollThread = new Thread(this::run, stage.name() + "-poll");
        workThread =
                Executors.newSingleThreadExecutor(task -> new Thread(task, stage.name() + "-work"));
        finished = new FinishedRequests<>(stage, kafka, clock, workThread, this::wakeUp);
        deliveries = new Deliveries<>(stage, finished);
    }

    @Override
    public void start() {
        pollThread.start();
    }

    @Override
    public Health health() {
        if (failure.isDone()) {
            return new Health(false, false, stage.name() + ": " + failure.join().getMessage());
        }
        if (phase != Phase.STOPPED
                && !pollThread.isAlive()
                && pollThread.getState() != Thread.State.NEW) {
            return new Health(false, false, stage.name() + ": the poll thread is dead");
        }
        if (phase == Phase.RUNNING && isOlder(lastPollNanos, POLL_STALLED)) {
            return new Health(false, false, stage.name() + ": the poll thread is stuck");
        }
        if (batch != null && isOlder(work.lastProgressNanos(), WORK_STALLED)) {
            return new Health(false, false, stage.name() + ": the work thread is stuck");
        }
        boolean ready = phase == Phase.RUNNING && trouble.isEmpty();
        String message = trouble.isEmpty() ? phase.name().toLowerCase(Locale.ROOT) : trouble;
        return new Health(true, ready, stage.name() + ": " + message);
    }

    private static boolean isOlder(long nanos, Duration age) {
        return System.nanoTime() - nanos > age.toNanos();
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        stopRequested.countDown();
        Batch<I> current = batch;
        if (current != null) {
            current.cancel();
        }
        wakeUp();
        try {
            pollThread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isStopping() {
        return stopRequested.getCount() == 0;
    }

    private void run() {
        Optional<FatalException> fatal = Optional.empty();
        boolean unexplained = false;
        try {
            while (!isStopping()) {
                untilReached(() -> CompletableFuture.runAsync(stage::open, workThread).join());
                phase = Phase.JOINING;
                untilReached(() -> TopicAdmin.createMissing(kafka));
                untilReached(this::subscribe);
                consume();
            }
        } catch (Throwable e) {
            fatal = Optional.of(asFatal(e));
            unexplained = isUnexplained(e);
        }
        try {
            shutDown(unexplained);
        } catch (Throwable e) {
            fatal = fatal.or(() -> Optional.of(asFatal(e)));
        }
        fatal.ifPresent(
                e -> {
                    LOG.error("STG-09 {}: stopped: {}", stage.name(), e.getMessage());
                    LOG.debug("STG-09 {}", stage.name(), e);
                    failure.completeAsync(() -> e);
                });
    }

    /** Until it is to stop, or to leave its group and to come again. */
    private void consume() {
        try {
            while (!isStopping()) {
                poll();
                settle();
                startNext();
                commitPassed();
            }
        } catch (CompletionException e) {
            if (!(e.getCause() instanceof WrongBundleException cause)) {
                throw e;
            }
            LOG.warn("STG-22 {}: leaves its group: {}", stage.name(), cause.getMessage());
            trouble = cause.getMessage();
            phase = Phase.LOADING;
            batch = null;
            closeConsumer(); // which drops what waits, as of any partition that is given away
        }
    }

    /** A store or a broker that is not there yet is waited for, as is one that goes away later. */
    private void untilReached(Runnable step) throws InterruptedException {
        for (int failures = 1; !isStopping(); failures++) {
            try {
                step.run();
                trouble = "";
                return;
            } catch (TransientException e) {
                inTrouble(e);
            } catch (CompletionException e) {
                if (!(e.getCause() instanceof TransientException cause)) {
                    throw e;
                }
                inTrouble(cause);
            }
            stopRequested.await(backoff.delay(failures).toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** Neither a worker at fault nor a bug of ours may lead to the same stop again and again. */
    private boolean isUnexplained(Throwable e) {
        Throwable cause = e instanceof CompletionException ? e.getCause() : e;
        return work.hasSelfTestFailed() || !(cause instanceof FatalException);
    }

    private void suspectAll() {
        List<Input<I>> inputs = new ArrayList<>();
        if (batch != null) {
            inputs.addAll(batch.inputs());
        }
        inputs.addAll(waiting.all());
        synchronized (consumerLock) {
            if (consumer != null) {
                deliveries.suspect(consumer, inputs);
            }
        }
    }

    private void subscribe() {
        Map<String, Object> config = new HashMap<>(kafka.consumer(stage.name()));
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, stage.maxBatch());
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, (int) FETCH_WAIT.toMillis());
        ClientMetrics.report(config, stage.name() + "-consumer", meters);
        try {
            synchronized (consumerLock) {
                consumer = new KafkaConsumer<>(config);
            }
        } catch (KafkaException e) {
            throw kafka.asStageException("cannot consume", e);
        }
        consumer.subscribe(
                stage.input().lanes().stream().map(Topic::name).toList(), new DropRevoked());
    }

    private void poll() {
        lastPollNanos = System.nanoTime();
        quiet = true;
        try {
            learnDeliveries();
            pause();
            ConsumerRecords<byte[], byte[]> records = consumer.poll(pollTimeout());
            passed.polled(records);
            for (ConsumerRecord<byte[], byte[]> record : records) {
                quiet = false;
                if (waiting.isEmpty()) {
                    gatheringSinceNanos = System.nanoTime();
                }
                Input<I> input = deliveries.input(record);
                if (!finished.contain(input)) {
                    waiting.add(input);
                }
            }
            if (batch == null) {
                trouble = "";
            }
        } catch (WakeupException e) {
            return; // work is done, or close was called
        } catch (RetriableException e) {
            inTrouble(new TransientException("poll: " + e.getMessage(), e));
        }
        if (phase == Phase.JOINING && !consumer.groupMetadata().memberId().isEmpty()) {
            phase = Phase.RUNNING;
            trouble = "";
            LOG.info("STG-01 {}: consuming {}", stage.name(), stage.input().name());
        }
    }

    /** Before the first records of new partitions. */
    private void learnDeliveries() {
        try {
            deliveries.readMarks(consumer);
        } catch (RebalanceInProgressException | CommitFailedException e) {
            LOG.debug("STG-12 {}: marks not read yet: {}", stage.name(), e.getMessage());
        }
        if (deliveries.areAnySuspect() && selfTest == null) {
            selfTest = CompletableFuture.runAsync(work::testWorker, workThread);
            selfTest.whenComplete((passed, error) -> wakeUp());
        }
        if (selfTest != null && selfTest.isCompletedExceptionally()) {
            selfTest.join();
        }
    }

    /**
     * Each lane by itself: a job of thousands must not keep the next interactive record away. Also
     * partitions whose deliveries are not known, and suspect ones while the worker may be at fault.
     */
    private void pause() {
        boolean tested = selfTest != null && selfTest.isDone();
        Map<Boolean, List<TopicPartition>> byPause =
                consumer.assignment().stream()
                        .collect(
                                Collectors.partitioningBy(
                                        partition ->
                                                waiting.isFull(
                                                                stage.input()
                                                                        .lane(partition.topic()))
                                                        || deliveries.isUnknown(partition)
                                                        || !tested
                                                                && deliveries.isSuspect(
                                                                        partition)));
        consumer.pause(byPause.get(true));
        consumer.resume(byPause.get(false));
    }

    private Duration pollTimeout() {
        if (batch == null) {
            return waiting.isEmpty() ? POLL : GATHER;
        }
        Duration untilDue = batch.untilDue();
        return batch.isDue() || untilDue.compareTo(POLL) > 0 ? POLL : untilDue;
    }

    /** Does what is due for the batch: its commit, or another attempt at its work. */
    private void settle() {
        if (batch == null || !batch.isDue()) {
            return;
        }
        Optional<CompletableFuture<List<Processed<I>>>> work = batch.work();
        if (work.isPresent() && !work.get().isDone()) {
            return;
        }
        if (!batch.keepGoing()) {
            batch = null;
        } else if (work.isEmpty()) {
            submit(batch);
        } else {
            commitOrPostpone(batch, work.get());
        }
    }

    private void commitOrPostpone(Batch<I> done, CompletableFuture<List<Processed<I>>> work) {
        try {
            List<Processed<I>> processed = work.join();
            commit(done, processed);
            batch = null;
            trouble = "";
        } catch (CompletionException e) {
            if (!(e.getCause() instanceof TransientException cause)) {
                throw e;
            }
            done.discardWork();
            done.postpone(backoff);
            if (done.failures() >= backoff.attempts() && !done.waitsToBeRead()) {
                throw new FatalException(
                        "%s (gave up after %d attempts; nothing is lost, start again when it is mended)"
                                .formatted(cause.getMessage(), done.failures()),
                        cause);
            }
            inTrouble(cause);
        } catch (TransientException e) {
            // brokers may be away for hours; the work is done and stays
            done.postpone(backoff);
            inTrouble(e);
        }
    }

    private void commit(Batch<I> done, List<Processed<I>> processed) {
        List<Processed<I>> ours =
                processed.stream().filter(item -> done.isOurs(item.input())).toList();
        List<ProducerRecord<byte[], byte[]>> records =
                ours.stream().flatMap(item -> item.records().stream()).toList();
        long startNanos = System.nanoTime();
        commit(records, done.offsets(passed.without(waiting.partitions())));
        Duration elapsed = Duration.ofNanos(System.nanoTime() - startNanos);
        for (Processed<I> item : ours) {
            item.rejection().ifPresent(cause -> reportDeadLetter(item.input().record(), cause));
        }
        metrics.committed(ours.size(), elapsed);
        LOG.info(
                "STG-02 {}: {} records in, {} out, {} ms",
                stage.name(),
                ours.size(),
                records.size(),
                done.age().toMillis());
    }

    private void commit(
            List<ProducerRecord<byte[], byte[]>> records,
            Map<TopicPartition, OffsetAndMetadata> offsets) {
        transactions.commit(records, offsets, consumer);
        deliveries.committed(offsets);
        passed.committed(offsets);
    }

    /**
     * While nothing is to be done: else it goes with the next batch. Not once a stop may have cut a
     * batch short: its records were passed, but not done.
     */
    private void commitPassed() {
        if (batch != null || !waiting.isEmpty() || isStopping() || !passed.areDue()) {
            return;
        }
        passed.tried();
        try {
            commit(List.of(), passed.without(List.of()));
        } catch (TransientException e) {
            LOG.debug("STG-23 {}: passed offsets not committed: {}", stage.name(), e.getMessage());
        }
    }

    private void reportDeadLetter(ConsumerRecord<?, ?> record, PermanentException cause) {
        metrics.deadLetter(cause.reasonCode());
        LOG.warn(
                "STG-03 {}: dead letter {}-{}@{}: {}: {}",
                stage.name(),
                record.topic(),
                record.partition(),
                record.offset(),
                cause.reasonCode(),
                cause.getMessage());
    }

    private void inTrouble(TransientException e) {
        if (!e.getMessage().equals(trouble)) { // once, however often it is tried
            LOG.warn("STG-04 {}: will try again: {}", stage.name(), e.getMessage());
        }
        trouble = e.getMessage();
    }

    /** Takes the next batch once records have stopped pouring in, or there are enough. */
    private void startNext() {
        boolean gathered =
                quiet || waiting.isAnyFull() || isOlder(gatheringSinceNanos, LONGEST_GATHER);
        if (batch == null && !waiting.isEmpty() && gathered && !isStopping()) {
            Batch<I> next = new Batch<>(waiting.takeNext());
            metrics.begun(next.inputs());
            submit(next);
        }
    }

    private void submit(Batch<I> next) {
        batch = next;
        if (next.unread().isPresent() && !isCounted(next, next.unread().get())) {
            return;
        }
        work.begin();
        CompletableFuture<List<Processed<I>>> result =
                CompletableFuture.supplyAsync(() -> work.process(next), workThread);
        next.work(result);
        result.whenComplete((processed, error) -> wakeUp());
    }

    private boolean isCounted(Batch<I> next, Input<I> unread) {
        try {
            deliveries.beforeWork(consumer, unread);
            return true;
        } catch (RetriableException
                | RebalanceInProgressException
                | CommitFailedException
                | WakeupException e) {
            next.postpone(backoff);
            LOG.debug("STG-12 {}: delivery not counted yet: {}", stage.name(), e.getMessage());
            return false;
        }
    }

    /** A worker that comes too late is also fenced by the group's generation, see Transactions. */
    private final class DropRevoked implements ConsumerRebalanceListener {

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            LOG.debug("STG-05 {}: assigned {}", stage.name(), partitions);
            deliveries.assigned(partitions);
            consumer.pause(partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            LOG.debug("STG-06 {}: revoked {}", stage.name(), partitions);
            drop(partitions);
            deliveries.revoked(consumer, partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            LOG.debug("STG-06 {}: lost {}", stage.name(), partitions);
            drop(partitions);
            deliveries.lost(partitions);
        }

        private void drop(Collection<TopicPartition> partitions) {
            waiting.drop(partitions);
            passed.lost(partitions);
            finished.lost(partitions);
            if (batch != null) {
                batch.revoke(partitions);
            }
        }
    }

    private void shutDown(boolean unexplained) {
        if (unexplained) {
            suspectAll();
        }
        if (batch != null) {
            batch.cancel();
        }
        workThread.execute(stage::close);
        workThread.shutdown();
        try {
            if (!workThread.awaitTermination(CLOSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("STG-07 {}: the work did not end in {}", stage.name(), CLOSE_TIMEOUT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        transactions.close();
        closeConsumer();
        phase = Phase.STOPPED;
    }

    private void closeConsumer() {
        synchronized (consumerLock) {
            if (consumer != null) {
                consumer.close();
                consumer = null;
            }
        }
    }

    /** Any thread may call this; there is nothing to wake before subscribe and after close. */
    private void wakeUp() {
        synchronized (consumerLock) {
            if (consumer != null) {
                consumer.wakeup();
            }
        }
    }

    private FatalException asFatal(Throwable e) {
        Throwable cause = e instanceof CompletionException ? e.getCause() : e;
        return cause instanceof FatalException fatal
                ? fatal
                : new FatalException(
                        "unexpected %s: %s"
                                .formatted(
                                        cause.getClass().getSimpleName(),
                                        StageException.oneLine(cause)),
                        cause);
    }
}
