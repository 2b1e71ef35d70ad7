package dev.nocturne.schemas;

/**
 * Which of two queues a request waits in, at every stage alike. It is told by the topic on which a
 * record travels, see {@link Topic#in}; no record says it.
 */
public enum Lane {
    /** Somebody waits for the answer: goes first. */
    INTERACTIVE,

    /** Jobs, and whatever comes without a hurry. */
    BULK;

    /** The lane that is not this one. */
    public Lane other() {
        return this == INTERACTIVE ? BULK : INTERACTIVE;
    }

    /** What is in a lane has its name with this at the end. */
    public String suffix() {
        return this == INTERACTIVE ? ".interactive" : "";
    }
}
