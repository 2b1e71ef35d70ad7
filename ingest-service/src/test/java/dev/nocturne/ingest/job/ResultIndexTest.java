package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultIndexTest {

    private final ResultIndex index = new ResultIndex();

    private void add(long request, RequestStatus status, long at, int partition, long offset) {
        index.add(
                new RequestFinished(
                        new RequestRef("job-1", "%016x".formatted(request), "x", "a fox"),
                        status,
                        List.of(),
                        null,
                        Instant.ofEpochMilli(at)),
                partition,
                offset);
    }

    @Test
    void theLatestComesFirstWhateverItsPartition() {
        add(1, RequestStatus.COMPLETED, 10, 0, 5);
        add(2, RequestStatus.FAILED, 30, 1, 2);
        add(-3, RequestStatus.EXPIRED, 20, 0, 6);

        assertThat(index.latestFirst())
                .containsExactly(
                        new ResultIndex.Place(2, RequestStatus.FAILED, 30, 1, 2),
                        new ResultIndex.Place(-3, RequestStatus.EXPIRED, 20, 0, 6),
                        new ResultIndex.Place(1, RequestStatus.COMPLETED, 10, 0, 5));
    }

    @Test
    void theFirstResultOfARequestCountsWhateverTheOrderTheyAreReadIn() {
        add(1, RequestStatus.CANCELLED, 20, 0, 9);
        add(1, RequestStatus.COMPLETED, 10, 0, 5);

        assertThat(index.latestFirst())
                .containsExactly(new ResultIndex.Place(1, RequestStatus.COMPLETED, 10, 0, 5));
    }

    @Test
    void replaysChangeNothing() {
        for (int replay = 0; replay < 3; replay++) {
            for (int i = 0; i < 1_000; i++) {
                add(i, RequestStatus.COMPLETED, i, i % 6, i);
            }
        }

        assertThat(index.latestFirst()).hasSize(1_000);
        assertThat(index.latestFirst().get(0).request()).isEqualTo(999);
    }
}
