package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BackoffTest {

    @Test
    void delaysDoubleUpToTheLongest() {
        Backoff backoff = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(5), 9);
        Stream<Long> seconds =
                IntStream.of(1, 2, 3, 4, 1_000)
                        .mapToObj(failures -> backoff.delay(failures).toSeconds());
        assertThat(seconds).containsExactly(1L, 2L, 4L, 5L, 5L);
    }

    @Test
    void workIsRetriedWhileThereAreAttempts() throws InterruptedException {
        Backoff backoff = new Backoff(Duration.ofMillis(1), Duration.ofMillis(1), 3);
        assertThat(backoff.retry(failingFirst(2))).isEqualTo("done");
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(() -> backoff.retry(failingFirst(3)))
                .withMessage("failure 3");
    }

    private static Supplier<String> failingFirst(int times) {
        AtomicInteger calls = new AtomicInteger();
        return () -> {
            int call = calls.incrementAndGet();
            if (call <= times) {
                throw new TransientException("failure " + call, null);
            }
            return "done";
        };
    }
}
