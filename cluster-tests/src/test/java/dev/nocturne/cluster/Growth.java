package dev.nocturne.cluster;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * How a figure grows: along the line whose slope is the median of those between any two values,
 * which no single value moves (Theil and Sen's).
 */
final class Growth {
    /** With fewer values one of them could move the line. */
    private static final int LEAST = 3;

    private Growth() {}

    /**
     * A value at a time.
     *
     * @param seconds since the beginning
     */
    record Value(double seconds, double value) {}

    /**
     * @param values of the time from {@code from} to {@code to}, in seconds
     * @return by what share of the line's beginning it rises until its end, negative if it falls;
     *     empty if there are too few values
     */
    static OptionalDouble between(double from, double to, List<Value> values) {
        if (values.size() < LEAST) {
            return OptionalDouble.empty();
        }
        List<Double> slopes = new ArrayList<>();
        for (Value one : values) {
            for (Value later : values) {
                if (later.seconds > one.seconds) {
                    slopes.add((later.value - one.value) / (later.seconds - one.seconds));
                }
            }
        }
        double slope = median(slopes, each -> each);
        double beginning = median(values, each -> each.value - slope * (each.seconds - from));
        return OptionalDouble.of(slope * (to - from) / beginning);
    }

    static <T> double median(List<T> all, ToDoubleFunction<T> figure) {
        double[] sorted = all.stream().mapToDouble(figure).sorted().toArray();
        return Arrays.stream(sorted, (sorted.length - 1) / 2, sorted.length / 2 + 1)
                .average()
                .orElseThrow();
    }
}
