package dev.nocturne.training.evaluate;

import java.util.List;
import java.util.function.BiFunction;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How often the picture that is put first shows its caption, by the judge, and by what puts the
 * candidates in order.
 *
 * @param leastRight captions count of which the judge finds so many candidates right
 * @param captions how many these are
 * @param byScore as the pipeline ranks
 * @param byClip by the cosine alone
 * @param byLikelihood by the log-probability alone
 * @param atRandom expected of any candidate
 */
public record FirstChoice(
        int leastRight,
        int captions,
        Share byScore,
        Share byClip,
        Share byLikelihood,
        Share atRandom) {

    /** A share with its 95 % interval (Wilson 1927), in [0, 1]. */
    public record Share(double share, double low, double high) {
        private static final double Z = 1.96;

        /**
         * @param right of {@code all}; may be an expected number
         */
        static Share of(double right, int all) {
            if (all == 0) {
                return new Share(0, 0, 1);
            }
            double share = right / all;
            double scale = 1 + Z * Z / all;
            double centre = (share + Z * Z / (2 * all)) / scale;
            double reach =
                    Z * Math.sqrt(share * (1 - share) / all + Math.pow(Z / (2 * all), 2)) / scale;
            return new Share(share, centre - reach, centre + reach);
        }

        @Override
        public String toString() {
            return "%.1f %% (%.1f to %.1f)".formatted(100 * share, 100 * low, 100 * high);
        }
    }

    static FirstChoice of(int leastRight, List<Evaluation.Single> singles) {
        List<Evaluation.Single> some =
                singles.stream().filter(single -> right(single) >= leastRight).toList();
        return new FirstChoice(
                leastRight,
                some.size(),
                share(some, (drawn, k) -> (double) drawn.scores()[k]),
                share(some, (drawn, k) -> (double) drawn.cosines()[k]),
                share(some, (drawn, k) -> drawn.logProbabilities()[k]),
                Share.of(
                        some.stream()
                                .mapToDouble(
                                        single -> right(single) / (double) single.right().length)
                                .sum(),
                        some.size()));
    }

    private static long right(Evaluation.Single single) {
        return IntStream.range(0, single.right().length).filter(k -> single.right()[k]).count();
    }

    private static Share share(
            List<Evaluation.Single> singles, BiFunction<Drawn, Integer, Double> merit) {
        long right =
                singles.stream()
                        .filter(
                                single ->
                                        single.right()[
                                                first(
                                                        single.right().length,
                                                        k -> merit.apply(single.drawn(), k))])
                        .count();
        return Share.of(right, singles.size());
    }

    /** Which candidate is put first: of equals the one drawn first, as in the pipeline. */
    static int first(int candidates, IntToDoubleFunction merit) {
        int first = 0;
        for (int k = 1; k < candidates; k++) {
            first = merit.applyAsDouble(k) > merit.applyAsDouble(first) ? k : first;
        }
        return first;
    }

    @Override
    public String toString() {
        return "by score %s, CLIP alone %s, likelihood alone %s, at random %s, of %d captions"
                .formatted(byScore, byClip, byLikelihood, atRandom, captions);
    }
}
