package dev.nocturne.runtime;

import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.runtime.RunnerState.Phase;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls a stage's input, hands one batch after the other to the work thread, and commits them,
 * quick ones together, while the work on the next one goes on. It comes round every second whatever
 * the work takes, so that its consumer stays in the group; what may take longer is the work
 * thread's. Belongs to the poll thread, except where another is named.
 */
final class PollLoop<I extends SpecificRecord> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PollLoop.class);

    private static final Duration POLL = Duration.ofSeconds(1);

    /** A poll does not return when the group is joined: it is ready as soon as that is seen. */
    private static final Duration UNTIL_JOINED = Duration.ofMillis(50);

    /** A fuller batch is worth this wait: records come in bursts, one transaction upstream each. */
    private static final Duration GATHER = Duration.ofMillis(50);

    private static final Duration LONGEST_GATHER = Duration.ofMillis(250);

    /** So much work pays for a commit, in times of what the last one took. */
    private static final int WORK_PER_COMMIT = 4;

    private static final Duration LONGEST_WORK_PER_COMMIT = Duration.ofMillis(250);

    /** Well above every bounded wait of the poll thread. */
    private static final Duration STALLED = Duration.ofMinutes(3);

    private final Stage<I> stage;
    private final WakeableConsumer consumer;
    private final WorkThread<I> work;
    private final RunnerState state;
    private final Backoff backoff;
    private final StageMetrics metrics;
    private final FinishedRequests<I> finished;
    private final Deliveries<I> deliveries;
    private final WaitingRecords<I> waiting;
    private final PassedOffsets passed = new PassedOffsets();
    private final Committer<I> committer;
    private final SurplusWatch surplus;

    // read by any thread
    private volatile long lastPollNanos = System.nanoTime();
    private volatile Batch<I> batch; // at work, or waiting for its next attempt; or null

    private Batch<I> worked; // waiting for its commit, several as one; or null
    private long workedSinceNanos;
    private Duration lastCommit = Duration.ZERO;
    private long gatheringSinceNanos;
    private boolean quiet; // the last poll brought nothing
    private boolean cutShort; // for work was done: there may be records all the same

    PollLoop(
            Stage<I> stage,
            WakeableConsumer consumer,
            Transactions transactions,
            FinishedRequests<I> finished,
            WorkThread<I> work,
            RunnerState state,
            Backoff backoff,
            StageMetrics metrics) {
        this.stage = stage;
        this.consumer = consumer;
        this.finished = finished;
        this.work = work;
        this.state = state;
        this.backoff = backoff;
        this.metrics = metrics;
        deliveries = new Deliveries<>(stage, finished);
        waiting = new WaitingRecords<>(stage);
        surplus = new SurplusWatch(stage, System::nanoTime);
        committer =
                new Committer<>(
                        stage.name(),
                        transactions,
                        this::unfinishedPartitions,
                        deliveries,
                        passed,
                        metrics);
    }

    /** Whether a runner that is running has not come round for very long. From any thread. */
    boolean isStalled() {
        return System.nanoTime() - lastPollNanos > STALLED.toNanos();
    }

    /** The batch that has begun is no longer wanted. From any thread. */
    void cancelBatch() {
        Batch<I> current = batch;
        if (current != null) {
            current.cancel();
        }
    }

    /**
     * @throws StageException see {@link StageClients#consumer}
     */
    void subscribe() {
        consumer.open();
        consumer.get()
                .subscribe(
                        stage.input().lanes().stream().map(Topic::name).toList(),
                        new DropRevoked());
    }

    /**
     * Comes round until the runner is to stop, or until the stage has met work of another bundle:
     * then the consumer has left its group, with nothing of that work committed.
     *
     * @throws FatalException if the worker must stop, also as the cause of a CompletionException
     */
    void run() {
        try {
            while (!state.isStopping()) {
                poll();
                advance();
                commitPassed();
            }
            commitWorked();
        } catch (CompletionException e) {
            if (!(e.getCause() instanceof WrongBundleException cause)) {
                throw e;
            }
            state.leaveGroup(cause);
            batch = null;
            consumer.close(); // which drops what waits, as of any partition that is given away
        }
    }

    // ---- records

    private void poll() {
        lastPollNanos = System.nanoTime();
        quiet = true;
        cutShort = false;
        try {
            learnDeliveries();
            pause();
            ConsumerRecords<byte[], byte[]> records = consumer.get().poll(pollTimeout());
            passed.polled(records);
            surplus.look(consumer.get().assignment());
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
            if (isIdle()) {
                state.recovered();
            }
        } catch (WakeupException e) {
            cutShort = true; // work is done, or the runner is to stop
            return;
        } catch (RetriableException e) {
            state.inTrouble(new TransientException("poll: " + e.getMessage(), e));
        }
        if (state.phase() == Phase.JOINING
                && !consumer.get().groupMetadata().memberId().isEmpty()) {
            state.enter(Phase.RUNNING);
            state.recovered();
            LOG.info("STG-01 {}: consuming {}", stage.name(), stage.input().name());
        }
    }

    /** Before the first records of new partitions. */
    private void learnDeliveries() {
        try {
            deliveries.readMarks(consumer.get());
        } catch (RebalanceInProgressException | CommitFailedException e) {
            LOG.debug("STG-12 {}: marks not read yet: {}", stage.name(), e.getMessage());
        }
        if (deliveries.areAnySuspect()) {
            work.beginSelfTest();
        }
    }

    /**
     * Each lane by itself: a job of thousands must not keep the next interactive record away. Also
     * partitions whose deliveries are not known, and suspect ones while the worker may be at fault.
     */
    private void pause() {
        boolean tested = work.hasPassedSelfTest();
        Map<Boolean, List<TopicPartition>> byPause =
                consumer.get().assignment().stream()
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
        consumer.get().pause(byPause.get(true));
        consumer.get().resume(byPause.get(false));
    }

    private Duration pollTimeout() {
        if (state.phase() == Phase.JOINING) {
            return UNTIL_JOINED;
        }
        if (batch == null && cutShort) {
            return Duration.ZERO;
        }
        List<Duration> until = new ArrayList<>(List.of(POLL));
        begun().filter(one -> !one.isDue()).map(Batch::untilDue).forEach(until::add);
        if (worked != null && worked.isDue()) {
            until.add(untilCommit());
        }
        if (batch == null && !waiting.isEmpty()) {
            until.add(GATHER);
        }
        Duration first = Collections.min(until);
        return first.isNegative() ? Duration.ZERO : first;
    }

    /** What is not committed yet, the earlier one first. */
    private Stream<Batch<I>> begun() {
        return Stream.of(worked, batch).filter(Objects::nonNull);
    }

    private boolean isIdle() {
        return begun().findAny().isEmpty();
    }

    /** Of records that wait or are at work. */
    private Set<TopicPartition> unfinishedPartitions() {
        Set<TopicPartition> partitions = waiting.partitions();
        if (batch != null) {
            batch.inputs().forEach(input -> partitions.add(input.partition()));
        }
        return partitions;
    }

    // ---- the batch

    /** The work on the next batch begins before the commit, which waits for brokers. */
    private void advance() {
        if (batch != null && (worked == null || worked.canBeJoined() && batch.hasSucceeded())) {
            takeOutcome(batch);
        }
        takeNext();
        begin();
        if (isToBeCommitted()) {
            commitWorked();
        }
        begin();
    }

    private void takeOutcome(Batch<I> current) {
        switch (current.state()) {
            case WORKED -> {
                try {
                    current.outcome();
                    if (worked == null) {
                        worked = current;
                        workedSinceNanos = System.nanoTime();
                    } else {
                        worked = worked.joined(current);
                    }
                    batch = null;
                } catch (TransientException e) {
                    current.postpone();
                    state.inTrouble(e);
                }
            }
            case CANCELLED -> batch = null;
            case UNWORKED, POSTPONED, AT_WORK -> {}
        }
    }

    /**
     * A commit takes some 40 ms, whatever it commits: batches whose work is quicker are committed
     * together. Not if nothing is at work that could join, nor if somebody waits for it.
     */
    private boolean isToBeCommitted() {
        return worked != null
                && (!isMoreComing()
                        || !worked.canBeJoined()
                        || worked.isAny(Lane.INTERACTIVE)
                        || worked.workTime().compareTo(worthACommit()) >= 0
                        || untilCommit().isNegative());
    }

    private boolean isMoreComing() {
        return batch == null
                ? cutShort || !waiting.isEmpty()
                : batch.state() == Batch.State.AT_WORK;
    }

    private Duration worthACommit() {
        Duration work = lastCommit.multipliedBy(WORK_PER_COMMIT);
        return work.compareTo(LONGEST_WORK_PER_COMMIT) < 0 ? work : LONGEST_WORK_PER_COMMIT;
    }

    /** Quick batches do not wait for a slow one. */
    private Duration untilCommit() {
        return LONGEST_WORK_PER_COMMIT.minusNanos(System.nanoTime() - workedSinceNanos);
    }

    /** Once records have stopped pouring in, or there are enough, or somebody waits for one. */
    private void takeNext() {
        boolean gathered =
                quiet
                        || waiting.isAny(Lane.INTERACTIVE)
                        || waiting.isAnyFull()
                        || System.nanoTime() - gatheringSinceNanos > LONGEST_GATHER.toNanos();
        if (batch == null && !waiting.isEmpty() && gathered && !state.isStopping()) {
            batch = new Batch<>(waiting.takeNext(), backoff);
            metrics.begun(batch.inputs());
        }
    }

    /** Counting a delivery commits the offset of its record: what is before it goes first. */
    private void begin() {
        if (batch == null || batch.state() != Batch.State.UNWORKED) {
            return;
        }
        Optional<Input<I>> unread = batch.unread();
        if (unread.isEmpty() || worked == null && isCounted(batch, unread.get())) {
            work.begin(batch);
        }
    }

    private boolean isCounted(Batch<I> next, Input<I> unread) {
        try {
            deliveries.beforeWork(consumer.get(), unread);
            return true;
        } catch (RetriableException
                | RebalanceInProgressException
                | CommitFailedException
                | WakeupException e) {
            next.postpone();
            LOG.debug("STG-12 {}: delivery not counted yet: {}", stage.name(), e.getMessage());
            return false;
        }
    }

    /** Brokers may be away for hours; work that is done stays. */
    private void commitWorked() {
        if (worked == null || !worked.isDue()) {
            return;
        }
        try {
            if (worked.keepGoing()) {
                lastCommit = committer.commit(worked, worked.outcome(), consumer.get());
                state.recovered();
            }
            worked = null;
        } catch (TransientException e) {
            worked.postpone();
            state.inTrouble(e);
        }
    }

    /** While nothing is to be done: else it goes with the next batch. */
    private void commitPassed() {
        if (isIdle() && waiting.isEmpty() && !state.isStopping()) {
            committer.commitPassed(consumer.get());
        }
    }

    // ---- partitions that come and go

    /** A worker that comes too late is also fenced by the group's generation, see Transactions. */
    private final class DropRevoked implements ConsumerRebalanceListener {

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            LOG.debug("STG-05 {}: assigned {}", stage.name(), partitions);
            deliveries.assigned(partitions);
            consumer.get().pause(partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            LOG.debug("STG-06 {}: revoked {}", stage.name(), partitions);
            drop(partitions);
            deliveries.revoked(consumer.get(), partitions);
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
            begun().forEach(one -> one.revoke(partitions));
        }
    }

    // ---- the end

    /** The worker stops, and perhaps because of a record that it has begun, or was about to. */
    void suspectAll() {
        List<Input<I>> inputs = new ArrayList<>();
        if (batch != null) {
            inputs.addAll(batch.inputs());
        }
        inputs.addAll(waiting.all());
        consumer.ifOpen(open -> deliveries.suspect(open, inputs));
    }

    @Override
    public void close() {
        committer.close();
        consumer.close();
    }
}
