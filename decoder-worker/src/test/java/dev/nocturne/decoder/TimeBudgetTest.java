package dev.nocturne.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TimeBudgetTest {

    private final AtomicLong nanos = new AtomicLong(7);
    private final TimeBudget budget = new TimeBudget(0.25, Duration.ofMillis(100), nanos::get);

    @Test
    void whatIsSavedCanBeTakenAtOnceAndComesBackAtItsShare() {
        assertThat(budget.hasLeft()).isTrue();
        work(99);
        assertThat(budget.hasLeft()).isTrue();
        work(50); // more than is left, and 24.75 + 25 ms have come since

        pass(Duration.ofMillis(60)); // from -12 or so
        assertThat(budget.hasLeft()).isTrue();
        work(200);
        assertThat(budget.hasLeft()).isFalse();
        pass(Duration.ofMillis(500));
        assertThat(budget.hasLeft()).isFalse();
        pass(Duration.ofMillis(300));
        assertThat(budget.hasLeft()).isTrue();
    }

    @Test
    void inTheLongRunTheShareIsKept() {
        long worked = 0;
        for (int i = 0; i < 10_000; i++) {
            if (budget.hasLeft()) {
                work(10);
                worked += 10;
            }
            pass(Duration.ofMillis(3));
        }
        double share = worked * 1e6 / nanos.get();
        assertThat(share).isBetween(0.24, 0.26);
    }

    @Test
    void aLongPauseSavesNoMoreThanTheMost() {
        pass(Duration.ofDays(3));
        assertThat(budget.hasLeft()).isTrue();
        work(200);
        assertThat(budget.hasLeft()).isFalse();
    }

    private void work(long millis) {
        Duration time = Duration.ofMillis(millis);
        pass(time);
        budget.spend(time.toNanos());
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }
}
