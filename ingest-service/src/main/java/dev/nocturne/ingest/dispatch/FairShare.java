package dev.nocturne.ingest.dispatch;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Whose captions are released next, and how many, in candidates. */
final class FairShare {

    /** So many portions make up what is out, so that it can be shared by as many jobs at once. */
    private static final int PORTIONS = 8;

    /** A job that has captions to release and may run. */
    interface Claim {
        /** Candidates on their way. */
        long out();

        /** Grows with every portion, over all jobs. */
        long lastTurn();
    }

    private FairShare() {}

    /** Who has least on its way; of equals, who has waited longest. */
    static <C extends Claim> Optional<C> next(Collection<C> claims) {
        return claims.stream()
                .min(Comparator.comparingLong(Claim::out).thenComparingLong(Claim::lastTurn));
    }

    /** The least number of candidates to release at a time. */
    static long portion(long target) {
        return Math.max(1, target / PORTIONS);
    }

    /**
     * Whether a portion is to be released.
     *
     * @param out candidates of all jobs on their way
     */
    static boolean isRoom(long target, long out) {
        return out == 0 || target - out >= portion(target);
    }
}
