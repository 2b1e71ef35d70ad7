package dev.nocturne.standalone.simulation;

import java.util.random.RandomGenerator;

/** What differs from run to run. */
final class Luck {
    /** Up to so many captions each one's partition is drawn. */
    private static final long FEW_CAPTIONS = 10_000;

    /** Of two runs the spread says little, and its distribution has no bound. */
    private static final double MOST = 4;

    private Luck() {}

    /**
     * What the seconds of a stage are multiplied by in a run: log-normal, 1 on average. Where the
     * spread comes from few runs, it and the average are themselves uncertain, which Student's t
     * distribution accounts for.
     */
    static double factor(Stage stage, RandomGenerator random) {
        double normal = random.nextGaussian();
        double deviation = stage.spread();
        if (stage.runs() > 1) {
            double squares = 0;
            for (int i = 1; i < stage.runs(); i++) {
                double other = random.nextGaussian();
                squares += other * other;
            }
            normal /= Math.sqrt(squares / (stage.runs() - 1));
            deviation *= Math.sqrt(1 + 1.0 / stage.runs());
        }
        double sigma = Math.sqrt(Math.log1p(deviation * deviation));
        double factor = Math.exp(sigma * normal - sigma * sigma / 2);
        return Math.max(1 / MOST, Math.min(MOST, factor));
    }

    /**
     * Captions by partition, as the hash of their keys spreads them: multinomial; each binomial of
     * many captions is taken for normal.
     */
    static long[] captions(long captions, int partitions, RandomGenerator random) {
        long[] counts = new long[partitions];
        if (captions <= FEW_CAPTIONS) {
            for (long i = 0; i < captions; i++) {
                counts[random.nextInt(partitions)]++;
            }
            return counts;
        }
        long left = captions;
        for (int partition = 0; partition < partitions - 1; partition++) {
            double share = 1.0 / (partitions - partition);
            double drawn =
                    left * share + random.nextGaussian() * Math.sqrt(left * share * (1 - share));
            counts[partition] = Math.max(0, Math.min(left, Math.round(drawn)));
            left -= counts[partition];
        }
        counts[partitions - 1] = left;
        return counts;
    }
}
