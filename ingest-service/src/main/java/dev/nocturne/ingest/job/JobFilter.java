package dev.nocturne.ingest.job;

import java.util.Locale;

/**
 * Which jobs of a list are wanted.
 *
 * @param state null: any
 * @param kind null: any
 * @param text part of the job's id or of its caption, whatever the case; null: any
 */
public record JobFilter(State state, Kind kind, String text) {

    public static final JobFilter ALL = new JobFilter(null, null, null);

    /** How a job stands, as far as people must care. */
    public enum State {
        /** it goes on */
        OPEN,
        /** nothing more happens */
        DONE,
        /** some of its captions have failed or expired, or it has failed as a whole */
        FAILED
    }

    /** By the number of captions. */
    public enum Kind {
        /** one caption */
        SINGLE,
        /** several, or not known yet */
        SEVERAL
    }

    /**
     * @param caption null if it is not known
     */
    public boolean matches(String id, String caption, Job.Status status, Job.Counts counts) {
        return hasState(status, counts)
                && (kind == null || (kind == Kind.SINGLE) == (counts.total() == 1))
                && (text == null || contains(id) || contains(caption));
    }

    private boolean hasState(Job.Status status, Job.Counts counts) {
        if (state == null) {
            return true;
        }
        return switch (state) {
            case OPEN -> !status.isTerminal();
            case DONE -> status.isTerminal();
            case FAILED ->
                    status == Job.Status.FAILED || counts.failed() > 0 || counts.expired() > 0;
        };
    }

    private boolean contains(String where) {
        return where != null
                && where.toLowerCase(Locale.ROOT).contains(text.toLowerCase(Locale.ROOT));
    }
}
