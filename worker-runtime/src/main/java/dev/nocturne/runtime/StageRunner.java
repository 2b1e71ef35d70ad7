package dev.nocturne.runtime;

import dev.nocturne.runtime.RunnerState.Phase;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a stage on two threads: the poll thread owns consumer and producer, see {@link PollLoop};
 * the work thread owns the stage and its model, see {@link WorkThread}. Both lanes of the stage's
 * input are read, the interactive one first ({@link WaitingRecords}); what follows from a record
 * stays in its lane.
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

    private final String name;
    private final KafkaSettings kafka;
    private final Backoff backoff;
    private final RunnerState state;
    private final WakeableConsumer consumer;
    private final WorkThread<I> work;
    private final PollLoop<I> polls;
    private final Thread pollThread;
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();

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
        name = stage.name();
        this.kafka = kafka;
        this.backoff = backoff;
        state = new RunnerState(name);
        StageMetrics metrics = new StageMetrics(meters, name, stage.input());
        StageClients clients = new StageClients(stage, kafka, meters, producers);
        consumer = new WakeableConsumer(clients::consumer);
        work =
                new WorkThread<>(
                        stage,
                        new StageWork<>(stage, clock, metrics, clients.maxRecordBytes()),
                        consumer::wakeUp);
        polls =
                new PollLoop<>(
                        stage,
                        consumer,
                        new Transactions(clients::producer),
                        new FinishedRequests<>(stage, kafka, clock, work, consumer::wakeUp),
                        work,
                        state,
                        backoff,
                        metrics);
        pollThread = new Thread(this::run, name + "-poll");
    }

    @Override
    public void start() {
        pollThread.start();
    }

    @Override
    public Health health() {
        return fault().map(fault -> new Health(false, false, name + ": " + fault))
                .orElseGet(() -> new Health(true, state.isReady(), name + ": " + state.message()));
    }

    /** Why the process should be restarted; empty if it should not. */
    private Optional<String> fault() {
        if (failure.isDone()) {
            return Optional.of(failure.join().getMessage());
        }
        if (state.phase() != Phase.STOPPED
                && !pollThread.isAlive()
                && pollThread.getState() != Thread.State.NEW) {
            return Optional.of("the poll thread is dead");
        }
        if (state.phase() == Phase.RUNNING && polls.isStalled()) {
            return Optional.of("the poll thread is stuck");
        }
        if (work.isStalled()) {
            return Optional.of("the work thread is stuck");
        }
        return Optional.empty();
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        state.requestStop();
        polls.cancelBatch();
        consumer.wakeUp();
        try {
            pollThread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        Optional<FatalException> fatal = Optional.empty();
        boolean unexplained = false;
        try {
            while (!state.isStopping()) {
                untilReached(work::open);
                state.enter(Phase.JOINING);
                untilReached(() -> TopicAdmin.createMissing(kafka));
                untilReached(polls::subscribe);
                polls.run();
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
                    LOG.error("STG-09 {}: stopped: {}", name, e.getMessage());
                    LOG.debug("STG-09 {}", name, e);
                    failure.completeAsync(() -> e);
                });
    }

    /** A store or a broker that is not there yet is waited for, as is one that goes away later. */
    private void untilReached(Runnable step) throws InterruptedException {
        for (int failures = 1; !state.isStopping(); failures++) {
            try {
                step.run();
                state.recovered();
                return;
            } catch (TransientException e) {
                state.inTrouble(e);
            } catch (CompletionException e) {
                if (!(e.getCause() instanceof TransientException cause)) {
                    throw e;
                }
                state.inTrouble(cause);
            }
            state.awaitStop(backoff.delay(failures));
        }
    }

    /** Neither a worker at fault nor a bug of ours may lead to the same stop again and again. */
    private boolean isUnexplained(Throwable e) {
        return work.hasFailedSelfTest() || !(cause(e) instanceof FatalException);
    }

    private void shutDown(boolean unexplained) {
        if (unexplained) {
            polls.suspectAll();
        }
        polls.cancelBatch();
        work.close();
        polls.close();
        state.enter(Phase.STOPPED);
    }

    private static FatalException asFatal(Throwable e) {
        Throwable cause = cause(e);
        return cause instanceof FatalException fatal
                ? fatal
                : new FatalException(
                        "unexpected %s: %s"
                                .formatted(
                                        cause.getClass().getSimpleName(),
                                        StageException.oneLine(cause)),
                        cause);
    }

    private static Throwable cause(Throwable e) {
        return e instanceof CompletionException ? e.getCause() : e;
    }
}
