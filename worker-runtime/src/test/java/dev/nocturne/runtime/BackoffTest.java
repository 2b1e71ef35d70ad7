package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
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
}
