package dev.nocturne.training.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShuffleTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 16, 17, 1000, 4097, 100_000})
    void everyNumberHasOnePlace(int size) {
        for (long key = 0; key < 3; key++) {
            BitSet seen = new BitSet(size);
            for (long place = 0; place < size; place++) {
                seen.set((int) Shuffle.at(place, size, key));
            }
            assertThat(seen.cardinality()).isEqualTo(size);
            assertThat(seen.length()).isEqualTo(size);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1L << 31, 3_000_000_000L, 1L << 40})
    void numbersStayWithinLargeSizes(long size) {
        assertThat(LongStream.range(0, 1000).map(place -> Shuffle.at(place, size, 1)).boxed())
                .doesNotHaveDuplicates()
                .allMatch(number -> number >= 0 && number < size);
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 1000})
    void neighboursAreScattered(int size) {
        double fixed =
                LongStream.range(0, 50)
                        .flatMap(
                                key ->
                                        LongStream.range(0, size)
                                                .filter(p -> Shuffle.at(p, size, key) == p))
                        .count();
        // one number of a random permutation stays in its place, on average
        assertThat(fixed / 50).isBetween(0.5, 1.6);
    }
}
