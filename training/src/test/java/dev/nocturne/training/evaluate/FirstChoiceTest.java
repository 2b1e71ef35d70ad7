package dev.nocturne.training.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.training.measure.Nearest;
import java.awt.image.BufferedImage;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class FirstChoiceTest {
    private static final BufferedImage PICTURE =
            new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);

    private static Evaluation.Single single(
            float[] scores, double[] logProbabilities, float[] cosines, boolean... right) {
        return new Evaluation.Single(
                new Drawn(
                        "a star",
                        Collections.nCopies(right.length, PICTURE),
                        scores,
                        logProbabilities,
                        cosines),
                new Evaluation.Recognised(true, true),
                right,
                new Nearest.Match(PICTURE, 1));
    }

    @Test
    void theFirstByEachOrderCountsAndOfEqualsTheOneDrawnFirst() {
        List<Evaluation.Single> singles =
                List.of(
                        single(
                                new float[] {0, 2, 1},
                                new double[] {-1, -2, -3},
                                new float[] {1, 1, 2, 9},
                                false,
                                true,
                                true),
                        single(
                                new float[] {1, 1, 1},
                                new double[] {-2, -1, -1},
                                new float[] {0, 0, 1},
                                true,
                                false,
                                false));

        FirstChoice all = FirstChoice.of(0, singles);
        assertThat(all.captions()).isEqualTo(2);
        assertThat(all.byScore().share()).isEqualTo(1);
        assertThat(all.byClip().share()).isEqualTo(0.5);
        assertThat(all.byLikelihood().share()).isZero();
        assertThat(all.atRandom().share()).isEqualTo(0.5, within(1e-9));
        assertThat(FirstChoice.of(2, singles).captions()).isEqualTo(1);
        assertThat(FirstChoice.of(3, singles).byScore()).isEqualTo(new FirstChoice.Share(0, 0, 1));
        assertThat(singles.get(0).byJudge()).isEqualTo(new Evaluation.Recognised(false, true));
    }

    /** As R's {@code prop.test(81, 100, correct = FALSE)} has it. */
    @Test
    void intervalsAreWilsons() {
        FirstChoice.Share share = FirstChoice.Share.of(81, 100);
        assertThat(share.low()).isCloseTo(0.7222, within(1e-4));
        assertThat(share.high()).isCloseTo(0.8749, within(1e-4));
        assertThat(share).hasToString("81.0 % (72.2 to 87.5)");
    }
}
