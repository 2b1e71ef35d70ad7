package dev.nocturne.training.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DivergenceTest {
    private final Divergence divergence = new Divergence();
    private long step;

    private void add(int count, int phase, double loss) {
        for (int i = 0; i < count; i++) {
            divergence.add(++step, phase, (float) loss);
        }
    }

    @Test
    void aLossThatFallsOrTremblesGoesOn() {
        for (int i = 0; i < 300; i++) {
            add(1, 0, 7 - i / 60.0 + (i % 7 == 0 ? 1.5 : 0));
            assertThat(divergence.hasDiverged()).isFalse();
            assertThat(divergence.isRising()).isFalse();
        }
    }

    @Test
    void twiceItsBestIsTheEndAndHalfWayThereIsNoCheckpoint() {
        add(100, 0, 3);
        add(40, 0, 6.5);
        assertThat(divergence.isRising()).isTrue();
        assertThat(divergence.hasDiverged()).isFalse();
        add(100, 0, 6.5);
        assertThat(divergence.hasDiverged()).isTrue();
        assertThat(divergence).asString().contains("and was 3.00 at step");
    }

    @Test
    void aLossThatRisesFromTheFirstStepsOnIsTheEnd() {
        add(1, 0, 6);
        add(3, 0, 40);
        assertThat(divergence.hasDiverged()).isTrue();
    }

    @Test
    void whatIsNoNumberIsTheEndAtOnce() {
        add(1, 0, Double.NaN);
        assertThat(divergence.hasDiverged()).isTrue();
        assertThat(divergence).asString().isEqualTo("NaN");
    }

    @Test
    void lossesBelowZeroAndNearZeroHaveRoom() {
        add(100, 0, -0.2);
        add(200, 0, 0.7);
        assertThat(divergence.hasDiverged()).isFalse();
        add(200, 0, 1.2);
        assertThat(divergence.hasDiverged()).isTrue();
    }

    @Test
    void inAnotherPhaseTheLossIsJudgedAnew() {
        add(100, 0, 0.5);
        add(100, 1, 9);
        assertThat(divergence.hasDiverged()).isFalse();
        assertThat(divergence.isRising()).isFalse();
    }
}
