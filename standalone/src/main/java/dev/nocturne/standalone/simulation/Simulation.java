package dev.nocturne.standalone.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Many runs of a scenario. The same seed gives the same forecast. */
public final class Simulation {

    private Simulation() {}

    public static Forecast forecast(Scenario scenario, int runs, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] finishes = new double[runs];
        double[] shares = new double[scenario.stages().size()];
        for (int run = 0; run < runs; run++) {
            Run.Outcome outcome = Run.of(scenario, random.split());
            finishes[run] = outcome.finishSeconds();
            if (Double.isFinite(outcome.finishSeconds())) {
                double open = scenario.hours().openSeconds(0, outcome.finishSeconds());
                for (int i = 0; i < shares.length; i++) {
                    double workerSeconds = open * scenario.stages().get(i).workers();
                    shares[i] += outcome.busySeconds()[i] / workerSeconds / runs;
                }
            }
        }
        List<Forecast.StageUse> uses = new ArrayList<>();
        for (int i = 0; i < shares.length; i++) {
            uses.add(new Forecast.StageUse(scenario.stages().get(i).name(), shares[i]));
        }
        return Forecast.of(finishes, uses);
    }
}
