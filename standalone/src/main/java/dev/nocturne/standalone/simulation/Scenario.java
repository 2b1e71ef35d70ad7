package dev.nocturne.standalone.simulation;

import java.util.List;

/**
 * A job and the pipeline that paints it.
 *
 * @param captions of the job
 * @param leastPortion captions that fill a decode batch: nothing smaller is worked on
 * @param partitions of every topic; a worker beyond them has nothing to do
 * @param stages in the order in which a caption passes through them
 * @param interactivePerSecond captions that come by the interactive lane meanwhile
 * @param hours when captions of the job may be drawn
 * @param takeoverSeconds until others have the partitions of a worker that died
 */
public record Scenario(
        long captions,
        int leastPortion,
        int partitions,
        List<Stage> stages,
        double interactivePerSecond,
        OpenHours hours,
        List<Loss> losses,
        double takeoverSeconds) {

    public Scenario {
        stages = List.copyOf(stages);
        losses = List.copyOf(losses);
        if (captions < 1 || leastPortion < 1 || partitions < 1 || stages.isEmpty()) {
            throw new IllegalArgumentException(
                    "%d captions in portions of %d, %d partitions, %d stages"
                            .formatted(captions, leastPortion, partitions, stages.size()));
        }
    }

    /** The slowest stage, by its place. */
    int bottleneck() {
        int slowest = 0;
        for (int i = 1; i < stages.size(); i++) {
            if (stages.get(i).captionsPerSecond() < stages.get(slowest).captionsPerSecond()) {
                slowest = i;
            }
        }
        return slowest;
    }

    public Scenario with(List<Loss> losses) {
        return new Scenario(
                captions,
                leastPortion,
                partitions,
                stages,
                interactivePerSecond,
                hours,
                losses,
                takeoverSeconds);
    }
}
