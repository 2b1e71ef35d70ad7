package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.RequestRef;
import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.runtime.Batch.Processed;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.ReasonCodes;
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
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
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
 * <p>A batch's outputs and its offsets go in one transaction, opened after the work. Work for a
 * partition that goes to another worker is dropped. A record that can never succeed becomes a dead
 * letter and a failed result in the same transaction as its neighbours' outputs. Work that fails
 * for the moment is tried again with growing delays; after the last attempt, and after a {@link
 * FatalException}, the runner stops with nothing of it committed and completes {@link #failure()}.
 * So it does when record after record fails and the worker itself must be at fault.
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

    /** Reasons that may lie with the worker and not with the record. */
    private static final Set<String> FAULTS = Set.of(ReasonCodes.MODEL_ERROR, ReasonCodes.INTERNAL);

    private static final int MAX_FAULTS_IN_A_ROW = 4;

    private static final Duration CLOSE_TIMEOUT = Duration.ofMinutes(1);

    private enum Phase {
        LOADING,
        JOINING,
        RUNNING,
        STOPPED
    }

    private final Stage<I> stage;
    private final KafkaSettings kafka;
    private final Clock clock;
    private final Backoff backoff;
    private final StageMetrics metrics;
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

    private volatile long lastProgressNanos = lastPollNanos; // written by both threads

    // the poll thread's own
    private final WaitingRecords<I> waiting;
    private long gatheringSinceNanos;
    private boolean quiet; // the last poll brought nothing
    private int faultsInARow;

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
        this.clock = clock;
        this.backoff = backoff;
        metrics = new StageMetrics(meters, stage.name());
        Map<String, Object> producerConfig =
                kafka.transactionalProducer(stage.name() + "-" + UUID.randomUUID());
        transactions = new Transactions(() -> producers.apply(producerConfig));
        pollThread = new Thread(this::run, stage.name() + "-poll");
        workThread =
                Executors.newSingleThreadExecutor(task -> new Thread(task, stage.name() + "-work"));
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
        if (phase == Phase.RUNNING && isOlder(lastPollNanos, POLL_STALLED)) {
            return new Health(false, false, stage.name() + ": the poll thread is stuck");
        }
        if (batch != null && isOlder(lastProgressNanos, WORK_STALLED)) {
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

    // ---- the poll thread

    private void run() {
        Optional<FatalException> fatal = Optional.empty();
        try {
            untilReached(() -> CompletableFuture.runAsync(stage::open, workThread).join());
            phase = Phase.JOINING;
            untilReached(() -> TopicAdmin.createMissing(kafka));
            subscribe();
            while (!isStopping()) {
                poll();
                settle();
                startNext();
            }
        } catch (Throwable e) {
            fatal = Optional.of(asFatal(e));
        } finally {
            shutDown();
        }
        fatal.ifPresent(
                e -> {
                    LOG.error("STG-09 {}: stopped: {}", stage.name(), e.getMessage());
                    LOG.debug("STG-09 {}", stage.name(), e);
                    failure.completeAsync(() -> e);
                });
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

    private void subscribe() {
        Map<String, Object> config = new HashMap<>(kafka.consumer(stage.name()));
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, stage.maxBatch());
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, (int) FETCH_WAIT.toMillis());
        synchronized (consumerLock) {
            consumer = new KafkaConsumer<>(config);
        }
        consumer.subscribe(
                stage.input().lanes().stream().map(Topic::name).toList(), new DropRevoked());
    }

    private void poll() {
        lastPollNanos = System.nanoTime();
        pauseFullLanes();
        quiet = true;
        try {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(pollTimeout())) {
                quiet = false;
                if (waiting.isEmpty()) {
                    gatheringSinceNanos = System.nanoTime();
                }
                waiting.add(Input.of(stage, record));
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

    /** Each lane by itself: a job of thousands must not keep the next interactive record away. */
    private void pauseFullLanes() {
        Map<Boolean, List<TopicPartition>> byFull =
                consumer.assignment().stream()
                        .collect(
                                Collectors.partitioningBy(
                                        partition ->
                                                waiting.isFull(
                                                        stage.input().lane(partition.topic()))));
        consumer.pause(byFull.get(true));
        consumer.resume(byFull.get(false));
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
            stopIfFaulty(processed);
        } catch (CompletionException e) {
            if (!(e.getCause() instanceof TransientException cause)) {
                throw asFatal(e);
            }
            done.discardWork();
            done.postpone(backoff);
            if (done.failures() >= backoff.attempts()) {
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
                ours.stream().flatMap(this::records).toList();
        transactions.commit(records, done.offsets(), consumer);
        for (Processed<I> item : ours) {
            item.rejection().ifPresent(cause -> reportDeadLetter(item.input().record(), cause));
        }
        metrics.committed(ours.size());
        LOG.info(
                "STG-02 {}: {} records in, {} out, {} ms",
                stage.name(),
                ours.size(),
                records.size(),
                done.age().toMillis());
    }

    /** Before a broken model or device has turned everything that waits into dead letters. */
    private void stopIfFaulty(List<Processed<I>> processed) {
        for (Processed<I> item : processed) {
            Optional<PermanentException> fault =
                    item.rejection().filter(cause -> FAULTS.contains(cause.reasonCode()));
            faultsInARow = fault.isPresent() ? faultsInARow + 1 : 0;
            if (faultsInARow >= MAX_FAULTS_IN_A_ROW) {
                throw new FatalException(
                        "%d records in a row failed (%s): check the model and the device"
                                .formatted(faultsInARow, fault.get().getMessage()),
                        fault.get());
            }
        }
    }

    private Stream<ProducerRecord<byte[], byte[]>> records(Processed<I> item) {
        Stream<ProducerRecord<byte[], byte[]>> outputs =
                item.outputs().stream()
                        .map(
                                output ->
                                        new ProducerRecord<>(
                                                output.topic().in(item.input().lane()).name(),
                                                output.key().getBytes(UTF_8),
                                                EventCodec.encode(output.event())));
        if (item.rejection().isEmpty()) {
            return outputs;
        }
        ConsumerRecord<byte[], byte[]> record = item.input().record();
        PermanentException cause = item.rejection().get();
        I event = item.input().event();
        RequestRef request = event == null ? null : stage.request(event);
        return Stream.of(
                        outputs,
                        Stream.of(DeadLetters.deadLetter(stage.name(), record, cause)),
                        DeadLetters.failedResult(
                                stage.name(), record, request, cause, clock.instant())
                                .stream())
                .flatMap(records -> records);
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
        trouble = e.getMessage();
        LOG.warn("STG-04 {}: will try again: {}", stage.name(), e.getMessage());
    }

    /** Takes the next batch once records have stopped pouring in, or there are enough. */
    private void startNext() {
        boolean gathered =
                quiet || waiting.isAnyFull() || isOlder(gatheringSinceNanos, LONGEST_GATHER);
        if (batch == null && !waiting.isEmpty() && gathered && !isStopping()) {
            submit(new Batch<>(waiting.takeNext()));
        }
    }

    private void submit(Batch<I> next) {
        lastProgressNanos = System.nanoTime();
        batch = next;
        CompletableFuture<List<Processed<I>>> work =
                CompletableFuture.supplyAsync(() -> work(next), workThread);
        next.work(work);
        work.whenComplete((processed, error) -> wakeUp());
    }

    /** A worker that comes too late is also fenced by the group's generation, see Transactions. */
    private final class DropRevoked implements ConsumerRebalanceListener {

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            LOG.debug("STG-05 {}: assigned {}", stage.name(), partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            LOG.debug("STG-06 {}: revoked {}", stage.name(), partitions);
            waiting.drop(partitions);
            if (batch != null) {
                batch.revoke(partitions);
            }
        }
    }

    private void shutDown() {
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
        synchronized (consumerLock) {
            if (consumer != null) {
                consumer.close();
                consumer = null;
            }
        }
        phase = Phase.STOPPED;
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

    // ---- the work thread

    private List<Processed<I>> work(Batch<I> current) {
        long startNanos = System.nanoTime();
        List<Input<I>> readable = current.inputs().stream().filter(Input::isReadable).toList();
        List<Processed<I>> processed = new ArrayList<>();
        for (Input<I> input : current.inputs()) {
            if (!input.isReadable()) {
                processed.add(Processed.rejected(input, input.malformed()));
            }
        }
        if (!readable.isEmpty()) {
            processed.addAll(process(readable, current));
            metrics.worked(readable.size(), Duration.ofNanos(System.nanoTime() - startNanos));
        }
        return processed;
    }

    private List<Processed<I>> process(List<Input<I>> inputs, Batch<I> current) {
        Outbox out = new Outbox(() -> progressAndKeepGoing(current));
        try {
            stage.process(inputs.stream().map(Input::event).toList(), out);
        } catch (TransientException | FatalException e) {
            throw e;
        } catch (RuntimeException e) {
            if (!current.keepGoing()) {
                throw new CancellationException("the batch is no longer wanted");
            }
            if (inputs.size() > 1) {
                // find the record at fault; its neighbours go on
                return inputs.stream()
                        .flatMap(input -> process(List.of(input), current).stream())
                        .toList();
            }
            return List.of(Processed.rejected(inputs.get(0), asPermanent(e)));
        }
        return IntStream.range(0, inputs.size())
                .mapToObj(index -> processed(inputs.get(index), index, out))
                .toList();
    }

    private Processed<I> processed(Input<I> input, int index, Outbox out) {
        return new Processed<>(
                input,
                out.outputs().stream().filter(output -> output.index() == index).toList(),
                Optional.ofNullable(out.rejections().get(index)));
    }

    private boolean progressAndKeepGoing(Batch<I> current) {
        lastProgressNanos = System.nanoTime();
        return current.keepGoing();
    }

    private PermanentException asPermanent(RuntimeException e) {
        if (e instanceof PermanentException permanent) {
            return permanent;
        }
        LOG.debug("STG-08 {}: unexpected error", stage.name(), e);
        String what = "unexpected " + e.getClass().getSimpleName();
        return PermanentException.because(ReasonCodes.INTERNAL, what, e);
    }
}
