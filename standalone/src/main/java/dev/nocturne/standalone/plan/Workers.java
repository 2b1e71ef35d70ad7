package dev.nocturne.standalone.plan;

import dev.nocturne.schemas.Topics;
import dev.nocturne.standalone.simulation.Loss;
import dev.nocturne.standalone.simulation.Scenario;
import dev.nocturne.standalone.simulation.Stage;
import java.util.ArrayList;
import java.util.List;

/**
 * The pipeline around a number of generator-workers: so many of the others that none of them holds
 * the generators up.
 *
 * @param partitions of every topic; null: one for each worker, and no fewer than there are anyway
 */
record Workers(
        Rates rates,
        long captions,
        int candidates,
        int batch,
        double interactivePerSecond,
        JobHours hours,
        double takeoverSeconds,
        Integer partitions) {

    /** Beyond what the generators make on average. */
    private static final double HEADROOM = 1.25;

    Scenario with(int generators) {
        double perSecond = generators / rates.of(Rates.GENERATOR).secondsPerCaption();
        int encoders = needed(perSecond, List.of(Rates.ENCODER));
        int decoders = needed(perSecond, List.of(Rates.SCORER, Rates.PUBLISHER));
        List<Stage> stages = new ArrayList<>();
        add(stages, Rates.ENCODER, encoders);
        add(stages, Rates.GENERATOR, generators);
        add(stages, Rates.SCORER, decoders);
        add(stages, Rates.PUBLISHER, decoders);
        int most = stages.stream().mapToInt(Stage::workers).max().orElseThrow();
        return new Scenario(
                captions,
                Math.max(1, batch / candidates),
                partitions == null ? Math.max(Topics.CAPTIONS.partitions(), most) : partitions,
                stages,
                interactivePerSecond,
                hours,
                List.<Loss>of(),
                takeoverSeconds);
    }

    /** Of a stage that was not measured nothing is known, so it is taken to hold nobody up. */
    private void add(List<Stage> stages, String name, int workers) {
        if (rates.has(name)) {
            Rates.Rate rate = rates.of(name);
            stages.add(
                    new Stage(
                            name,
                            workers,
                            rate.secondsPerCaption(),
                            rate.spread(),
                            rate.runs(),
                            rates.startUpSeconds()));
        }
    }

    /** Stages of one service share its device. */
    private int needed(double perSecond, List<String> stages) {
        double seconds =
                stages.stream()
                        .filter(rates::has)
                        .mapToDouble(stage -> rates.of(stage).secondsPerCaption())
                        .sum();
        return (int) Math.max(1, Math.ceil(HEADROOM * perSecond * seconds));
    }

    /** With fewer generators no run of average luck is finished by then. */
    int least(double deadlineSeconds) {
        double work = captions * rates.of(Rates.GENERATOR).secondsPerCaption();
        double open = hours.openSeconds(rates.startUpSeconds(), deadlineSeconds);
        return (int) Math.max(1, Math.min(1_000_000, Math.ceil(work / open)));
    }
}
