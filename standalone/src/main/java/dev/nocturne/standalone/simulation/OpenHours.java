package dev.nocturne.standalone.simulation;

/** When a job may run, in seconds since its start. */
public interface OpenHours {

    OpenHours ALWAYS =
            new OpenHours() {
                @Override
                public double opening(double at) {
                    return at;
                }

                @Override
                public double closing(double at) {
                    return Double.POSITIVE_INFINITY;
                }
            };

    /** {@code at} itself if it is open then, else when it opens next. */
    double opening(double at);

    /**
     * When it closes next; infinity: never.
     *
     * @param at when it is open
     */
    double closing(double at);

    /** When work is finished that is begun at {@code from} and rests while it is closed. */
    default double end(double from, double seconds) {
        double at = opening(from);
        double left = seconds;
        while (closing(at) - at < left) {
            left -= closing(at) - at;
            at = opening(closing(at));
        }
        return at + left;
    }

    /** How long it is open between two times. */
    default double openSeconds(double from, double to) {
        double open = 0;
        for (double at = opening(from); at < to; at = opening(closing(at))) {
            double closing = closing(at);
            open += Math.min(closing, to) - at;
            if (closing >= to) {
                break;
            }
        }
        return open;
    }
}
