package dev.nocturne.ingest.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class TimeQueueTest {

    private static final Instant NOW = Instant.parse("2026-01-01T20:00:00Z");

    private final TimeQueue times = new TimeQueue();

    @Test
    void whoseTimeHasComeIsTakenOutOnceTheEarliestFirst() {
        times.set("b", NOW);
        times.set("a", NOW.plusSeconds(1));
        times.set("c", NOW.minusSeconds(1));
        assertThat(times.next()).isEqualTo(NOW.minusSeconds(1));

        assertThat(times.takeDue(NOW)).containsExactly("c", "b");
        assertThat(times.takeDue(NOW)).isEmpty();
        assertThat(times.next()).isEqualTo(NOW.plusSeconds(1));
    }

    @Test
    void aJobHasOneTime() {
        times.set("a", NOW);
        times.set("a", NOW.plusSeconds(5));
        assertThat(times.takeDue(NOW)).isEmpty();
        assertThat(times.next()).isEqualTo(NOW.plusSeconds(5));

        times.clear("a");
        times.clear("b");
        assertThat(times.next()).isNull();
    }
}
