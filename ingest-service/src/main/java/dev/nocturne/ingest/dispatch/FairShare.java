package dev.nocturne.ingest.dispatch;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Whose captions are released next, and how many, in candidates. */
final class FairShare {

    /**
     * So many portions make up what is in flight, so that it can be shared by as many jobs at once.
     */
    private static final int PORTIONS = 8;

    /** A job that has captions to release and may run. */
    interface Claim {
        /** Candidates. */
        long inFlight();

        /** Grows with every portion, over all jobs. */
        long lastTurn();
    }

    private FairShare() {}

    /** Who has least in flight; of equals, who has waited longest. */
    static <C extends Claim> Optional<C> next(Collection<C> claims) {
        return claims.stream()
                .min(Comparator.comparingLong(Claim::inFlight).thenComparingLong(Claim::lastTurn));
    }

    /** The least number of candidates to release at a time. */
    static long portion(long target) {
        return Math.max(1, target / PORTIONS);
    }

    /**
     * Whether a portion is to be released.
     *
     * @param inFlight candidates of all jobs
     */
    static boolean isRoom(long target, long inFlight) {
        return inFlight == 0 || target - inFlight >= portion(target);
    }
}
