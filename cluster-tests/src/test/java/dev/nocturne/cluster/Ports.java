package dev.nocturne.cluster;

import dev.nocturne.embedded.EmbeddedServerException;
import dev.nocturne.embedded.Preflight;
import java.util.concurrent.ThreadLocalRandom;

/** Ports of processes that are killed, and listen again where they listened. */
final class Ports {
    /**
     * Below those that systems give to outgoing connections: one of these would soon take a port
     * that is free while its process is away.
     */
    private static final int FIRST = 10_000;

    private static final int LAST = 32_000;
    private static final int TRIES = 1000;

    private Ports() {}

    /** A port that nobody listens on. */
    static int free() {
        for (int i = 0; i < TRIES; i++) {
            try {
                return Preflight.freePort(ThreadLocalRandom.current().nextInt(FIRST, LAST));
            } catch (EmbeddedServerException taken) {
                // the next one
            }
        }
        throw new AssertionError("%d ports tried, all taken".formatted(TRIES));
    }
}
