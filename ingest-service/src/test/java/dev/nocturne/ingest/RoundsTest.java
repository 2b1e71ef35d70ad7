package dev.nocturne.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
    void aRoundThatIsAskedForDoesNotWaitForItsTime() throws Exception {
        Rounds rounds = new Rounds("test", Duration.ZERO, Duration.ZERO);
        SynchronousQueue<Integer> begun = new SynchronousQueue<>();
        AtomicInteger count = new AtomicInteger();

        rounds.start(
                () -> {
                    put(begun, count.incrementAndGet());
                    rounds.beat();
                    return Duration.ofDays(1);
                });

        assertThat(begun.poll(30, TimeUnit.SECONDS)).isEqualTo(1);
        rounds.wake();
        assertThat(begun.poll(30, TimeUnit.SECONDS)).isEqualTo(2);
        rounds.wake();
        rounds.wake();
        assertThat(begun.poll(30, TimeUnit.SECONDS)).isEqualTo(3);
        assertThat(rounds.stop()).as("it does not wait for a day").isTrue();
    }

    @Test
    void whoWaitsForALongTimeIsAlive() throws Exception {
        Rounds rounds = new Rounds("test", Duration.ZERO, Duration.ZERO);
        CountDownLatch done = new CountDownLatch(1);

        rounds.start(
                () -> {
                    rounds.beat();
                    done.countDown();
                    return Duration.ofDays(1);
                });

        assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
        await().until(() -> rounds.health().live());
        assertThat(rounds.stop()).isTrue();
    }

    @Test
    void wakingDoesNotMakeThePauseShorterThanTheLeast() throws Exception {
        Rounds rounds = new Rounds("test", Duration.ofDays(1), Duration.ofMinutes(1));
        SynchronousQueue<Integer> begun = new SynchronousQueue<>();

        rounds.start(
                () -> {
                    put(begun, 1);
                    rounds.beat();
                    return Duration.ZERO;
                });

        assertThat(begun.poll(30, TimeUnit.SECONDS)).isEqualTo(1);
        rounds.wake();
        assertThat(begun.poll(50, TimeUnit.MILLISECONDS)).isNull();
        assertThat(rounds.stop()).isTrue();
    }

    private static void put(SynchronousQueue<Integer> queue, int number) {
        try {
            queue.put(number);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // stopped
        }
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
