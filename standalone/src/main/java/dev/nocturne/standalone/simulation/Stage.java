package dev.nocturne.standalone.simulation;

/**
 * A stage and its workers, who share the partitions of its topic.
 *
 * @param workers that work at the same time
 * @param secondsPerCaption that one worker takes, on average over runs
 * @param spread of that from run to run, as a share of it (relative standard deviation)
 * @param runs of which the spread is known; 0: it is known for certain
 * @param startUpSeconds from the start of the job until the workers take something
 */
public record Stage(
        String name,
        int workers,
        double secondsPerCaption,
        double spread,
        int runs,
        double startUpSeconds) {

    public Stage {
        if (workers < 1 || !(secondsPerCaption >= 0) || !(spread >= 0) || runs < 0) {
            throw new IllegalArgumentException(
                    "%s: %d workers, %f s a caption, spread %f of %d runs"
                            .formatted(name, workers, secondsPerCaption, spread, runs));
        }
    }

    /** Of all workers together. */
    double captionsPerSecond() {
        return workers / secondsPerCaption;
    }
}
