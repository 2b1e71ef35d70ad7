package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SpansTest {
    @Test
    void takesTheFastestOfAllItTried() {
        Spans spans = Spans.measured();
        Set<Integer> tried = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            int span = spans.next(8);
            tried.add(span);
            spans.took(8, span, span == 2 ? 100 : 200);
        }
        assertThat(tried).contains(1, 2, 4, 8);
        assertThat(spans.next(8)).isEqualTo(2);
    }

    @Test
    void triesEachNumberOfRowsByItself() {
        Spans spans = Spans.measured();
        for (int i = 0; i < 20; i++) {
            int few = spans.next(2);
            spans.took(2, few, few == 16 ? 100 : 200);
            int many = spans.next(64);
            spans.took(64, many, many == 1 ? 100 : 200);
        }
        assertThat(spans.next(2)).isEqualTo(16);
        assertThat(spans.next(64)).isEqualTo(1);
    }

    @Test
    void whatWasCancelledCountsForNothing() {
        Spans spans = Spans.measured();
        for (int i = 0; i < 20; i++) {
            int span = spans.next(8);
            if (span != 2) {
                spans.took(8, span, 1000 - span);
            }
        }
        assertThat(spans.next(8)).isEqualTo(16);
    }

    @Test
    void oneThatIsGivenStays() {
        Spans spans = Spans.of(3);
        spans.took(8, spans.next(8), 100);
        assertThat(spans.next(8)).isEqualTo(3);
    }
}
