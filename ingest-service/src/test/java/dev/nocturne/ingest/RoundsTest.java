package dev.nocturne.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RoundsTest {

    @Test
    void roundsComeUntilTheyAreStopped() throws Exception {
        Rounds rounds = new Rounds("test", Duration.ofMillis(1), Duration.ofMinutes(1));
        CountDownLatch three = new CountDownLatch(3);

        rounds.start(three::countDown);
        rounds.start(() -> {}); // changes nothing

        assertThat(three.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(rounds.health().live()).isTrue();
        assertThat(rounds.stop()).isTrue();
        assertThat(rounds.isStopped()).isTrue();
    }

    @Test
    void aRoundThatTakesTooLongIsNotAlive() throws Exception {
        Rounds rounds = new Rounds("test", Duration.ofMillis(1), Duration.ZERO);
        assertThat(rounds.health().live()).as("not started").isTrue();
        CountDownLatch atWork = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);

        rounds.start(
                () -> {
                    atWork.countDown();
                    try {
                        never.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt(); // stopped
                    }
                });

        assertThat(atWork.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(rounds.health().live()).isFalse();
        assertThat(rounds.health().message()).contains("test", "stuck");
        assertThat(rounds.stop()).as("it was broken off").isTrue();
    }
}
