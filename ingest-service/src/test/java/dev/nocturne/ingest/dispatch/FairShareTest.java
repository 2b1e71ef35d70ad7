package dev.nocturne.ingest.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FairShareTest {

    private record Job(String name, long inFlight, long lastTurn) implements FairShare.Claim {}

    @Test
    void whoHasLeastOnItsWayIsNextThenWhoHasWaitedLongest() {
        Job a = new Job("a", 64, 1);
        Job b = new Job("b", 16, 7);
        Job c = new Job("c", 16, 3);

        assertThat(FairShare.next(List.of(a, b, c))).contains(c);
        assertThat(FairShare.next(List.of(a, b))).contains(b);
        assertThat(FairShare.next(List.<Job>of())).isEmpty();
    }

    @Test
    void aJobThatComesLateHasHalfOfWhatIsOutOnceSoMuchIsFinished() {
        long target = 800;
        Map<String, Long> inFlight = new HashMap<>(Map.of("large", 800L, "small", 0L));
        Map<String, Long> turns = new HashMap<>(Map.of("large", 1L, "small", 0L));
        for (long turn = 2; turn < 6; turn++) {
            inFlight.merge("large", -100L, Long::sum); // finished
            assertThat(FairShare.isRoom(target, inFlight.get("large") + inFlight.get("small")))
                    .isTrue();
            String next =
                    FairShare.next(
                                    inFlight.keySet().stream()
                                            .map(
                                                    job ->
                                                            new Job(
                                                                    job,
                                                                    inFlight.get(job),
                                                                    turns.get(job)))
                                            .toList())
                            .orElseThrow()
                            .name();
            inFlight.merge(next, FairShare.portion(target), Long::sum);
            turns.put(next, turn);
        }
        assertThat(inFlight).isEqualTo(Map.of("large", 400L, "small", 400L));
    }

    @Test
    void thereIsRoomForWholePortionsAndAlwaysIfNothingIsOut() {
        assertThat(FairShare.portion(128)).isEqualTo(16);
        assertThat(FairShare.isRoom(128, 112)).isTrue();
        assertThat(FairShare.isRoom(128, 113)).isFalse();
        assertThat(FairShare.isRoom(1, 0)).isTrue();
    }
}
