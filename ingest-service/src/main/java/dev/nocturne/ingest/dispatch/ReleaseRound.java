package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobReleased;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.RequestInFlight;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.telemetry.LogFields;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The portions of captions that one transaction releases, in turn from the jobs that claim some,
 * until so many are in flight that no stage runs dry. Belongs to the dispatcher's thread.
 */
final class ReleaseRound {

    private static final Logger LOG = LoggerFactory.getLogger(ReleaseRound.class);

    /** Captions of one transaction. */
    private static final int MOST = 1_000;

    /** A transaction ends after it, however slowly its captions come. */
    private static final Duration LONGEST = Duration.ofSeconds(1);

    /** Of one job. */
    final class Claim implements FairShare.Claim {
        private final String id;
        private final JobCreated created;
        private final CaptionReader reader;
        private final Map<Long, RequestInFlight> released = new HashMap<>();
        private int line; // released up to it
        private int held;
        private long heldCandidates;
        private long inFlight;
        private long lastTurn;
        private boolean isBroken; // its source is away

        /**
         * @param reader stands behind what is released
         * @param inFlight candidates
         */
        private Claim(
                String id,
                JobCreated created,
                JobReleased released,
                CaptionReader reader,
                long inFlight,
                long lastTurn) {
            this.id = id;
            this.created = created;
            this.reader = reader;
            this.line = released.getLine();
            this.held = released.getHeld();
            this.heldCandidates = released.getHeldCandidates();
            this.inFlight = inFlight;
            this.lastTurn = lastTurn;
        }

        String id() {
            return id;
        }

        /** What the round has released of it, by request id as a number. */
        Map<Long, RequestInFlight> released() {
            return released;
        }

        /** Whether its file, or the store, has failed; its reader stands anywhere. */
        boolean isBroken() {
            return isBroken;
        }

        @Override
        public long inFlight() {
            return inFlight;
        }

        @Override
        public long lastTurn() {
            return lastTurn;
        }

        /**
         * Sends the next caption, or nothing of it.
         *
         * @return its candidates
         * @throws IOException if the file breaks off
         * @throws StageException the store's, with what it keeps of a request that is ranked again
         */
        private int sendNext(JobPublisher.Transaction transaction) throws IOException {
            JobParser.Line next = reader.next();
            if (next == null) {
                throw new IOException("the file ends %d captions too early".formatted(held));
            }
            sender.send(created, next, now, transaction);
            int candidates = next.caption().getOptions().getCandidates();
            // the time of what is not drawn says nothing about the drawing
            Instant since = created.getReplay() == null ? now : null;
            released.put(
                    RequestNumber.of(next.requestId()), new RequestInFlight(candidates, since));
            line = next.number();
            held--;
            heldCandidates -= candidates;
            inFlight += candidates;
            return candidates;
        }

        JobEvent event() {
            return new JobEvent(id, now, new JobReleased(line, held, heldCandidates));
        }
    }

    private final RequestSender sender;
    private final long target;
    private final Instant now;
    private final List<Claim> claims = new ArrayList<>();
    private long startNanos; // clocks are set
    private long inFlight;
    private long turn;
    private int sent;

    /**
     * @param target candidates to have in flight
     * @param inFlight those that are
     * @param turn of the job that had the last one
     */
    ReleaseRound(RequestSender sender, long target, long inFlight, long turn, Instant now) {
        this.sender = sender;
        this.target = target;
        this.inFlight = inFlight;
        this.turn = turn;
        this.now = now;
    }

    /** See {@link Claim}. */
    void add(
            String id,
            JobCreated created,
            JobReleased released,
            CaptionReader reader,
            long inFlight,
            long lastTurn) {
        claims.add(new Claim(id, created, released, reader, inFlight, lastTurn));
    }

    List<Claim> claims() {
        return claims;
    }

    /** Whether there is a job that wants captions released, and room for one. */
    boolean isWanted() {
        return !claims.isEmpty() && FairShare.isRoom(target, inFlight);
    }

    /** Of the last portion. */
    long turn() {
        return turn;
    }

    /** Whether it ended before the room or the captions did. */
    boolean isFull() {
        return sent >= MOST || System.nanoTime() - startNanos >= LONGEST.toNanos();
    }

    /**
     * @return whether there was anything to send
     */
    boolean sendTo(JobPublisher.Transaction transaction) {
        startNanos = System.nanoTime();
        List<Claim> left = new ArrayList<>(claims);
        while (!isFull() && FairShare.isRoom(target, inFlight)) {
            Optional<Claim> next = FairShare.next(left);
            if (next.isEmpty()) {
                break;
            }
            sendPortion(next.get(), transaction);
            if (next.get().held == 0 || next.get().isBroken) {
                left.remove(next.get());
            }
        }
        for (Claim claim : claims) {
            if (!claim.released.isEmpty()) {
                transaction.send(Topics.JOB_EVENTS, claim.id, claim.event());
            }
        }
        return sent > 0;
    }

    private void sendPortion(Claim claim, JobPublisher.Transaction transaction) {
        long portion = FairShare.portion(target);
        long before = claim.inFlight;
        try {
            while (claim.held > 0 && !isFull() && claim.inFlight - before < portion) {
                inFlight += claim.sendNext(transaction);
                sent++;
            }
        } catch (IOException | StageException | IngestException e) {
            claim.isBroken = true; // the others go on
            LogFields.job(
                    claim.id,
                    () ->
                            LOG.warn(
                                    "job {}: no more captions, tried again soon: {}",
                                    claim.id,
                                    e.getMessage()));
        }
        claim.lastTurn = ++turn;
    }
}
