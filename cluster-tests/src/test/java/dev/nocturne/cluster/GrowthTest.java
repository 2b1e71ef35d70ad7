package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.cluster.Growth.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GrowthTest {

    @Test
    void isWhatALineGainsOfItsBeginning() {
        List<Value> leak = values(10, i -> 200 + 2.0 * i);

        assertThat(Growth.between(0, 10, leak)).hasValueCloseTo(0.1, within(1e-9));
        assertThat(Growth.between(0, 10, values(10, i -> 200 - 2.0 * i)))
                .hasValueCloseTo(-0.1, within(1e-9));
        assertThat(Growth.between(0, 10, values(10, i -> 200))).hasValue(0);
    }

    @Test
    void aSingleValueDoesNotMoveIt() {
        List<Value> values = new ArrayList<>(values(10, i -> 200));
        values.set(9, new Value(9, 1_000));

        assertThat(Growth.between(0, 10, values)).hasValue(0);
    }

    @Test
    void twoValuesSayNothing() {
        assertThat(Growth.between(0, 10, values(2, i -> 200 + i))).isEmpty();
    }

    private static List<Value> values(int count, IntToDoubleFunction value) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Value(i, value.applyAsDouble(i)))
                .toList();
    }
}
