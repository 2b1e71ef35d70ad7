package dev.nocturne.runtime;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a stage's runner stands, and whether it is to stop. The poll thread writes the phase and
 * the trouble; any thread may read them, and ask the runner to stop.
 */
final class RunnerState {

    /** What a runner does, from its start to its end; from RUNNING it may go back to LOADING. */
    enum Phase {
        /** It opens the stage, and is in no group. */
        LOADING,
        /** It subscribes, and waits to become a member of its group. */
        JOINING,
        RUNNING,
        STOPPED
    }

    /** The runner's, as is every line about it. */
    private static final Logger LOG = LoggerFactory.getLogger(StageRunner.class);

    private final String stage;
    private final CountDownLatch stopRequested = new CountDownLatch(1);
    private volatile Phase phase = Phase.LOADING;
    private volatile String trouble = ""; // why nothing goes on at the moment

    RunnerState(String stage) {
        this.stage = stage;
    }

    Phase phase() {
        return phase;
    }

    void enter(Phase next) {
        phase = next;
    }

    boolean isReady() {
        return phase == Phase.RUNNING && trouble.isEmpty();
    }

    /** The trouble, else the phase. */
    String message() {
        String reason = trouble;
        return reason.isEmpty() ? phase.name().toLowerCase(Locale.ROOT) : reason;
    }

    /** Something outside is away; what failed is tried again. */
    void inTrouble(TransientException e) {
        if (!e.getMessage().equals(trouble)) { // once, however often it is tried
            LOG.warn("STG-04 {}: will try again: {}", stage, e.getMessage());
        }
        trouble = e.getMessage();
    }

    void recovered() {
        trouble = "";
    }

    /** The worker takes nothing until the stage can be opened again. */
    void leaveGroup(WrongBundleException e) {
        LOG.warn("STG-22 {}: leaves its group: {}", stage, e.getMessage());
        trouble = e.getMessage();
        phase = Phase.LOADING;
    }

    void requestStop() {
        stopRequested.countDown();
    }

    boolean isStopping() {
        return stopRequested.getCount() == 0;
    }

    /** Returns when the runner is to stop, or after this time. */
    void awaitStop(Duration most) throws InterruptedException {
        stopRequested.await(most.toMillis(), TimeUnit.MILLISECONDS);
    }
}
