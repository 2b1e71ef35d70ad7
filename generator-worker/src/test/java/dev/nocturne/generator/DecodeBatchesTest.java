package dev.nocturne.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.nocturne.events.GenerationRequested;
import dev.nocturne.generator.DecodeBatches.Place;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DecodeBatchesTest {

    static Stream<Arguments> take() {
        return Stream.of(
                arguments("one is all there is", new int[] {16}, 1),
                arguments("two fill a batch", new int[] {16, 16, 16}, 2),
                arguments("the least that fills", new int[] {32, 32, 32}, 1),
                arguments("3 of 20 fill two batches to 94 %", new int[] {20, 20, 20}, 3),
                arguments("4 of 24 fill three batches", new int[] {24, 24, 24, 24, 24}, 4),
                arguments("one that is larger than all goes alone", new int[] {512, 16}, 1),
                arguments("a large one waits for its turn", new int[] {16, 512, 16}, 1),
                arguments("single candidates fill one batch", ones(40), 32));
    }

    private static int[] ones(int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void take(String story, int[] candidates, int expected) {
        assertThat(DecodeBatches.take(Tasks.of(candidates), 32)).isEqualTo(expected);
    }

    @Test
    void placesAreInOrderAndAllBatchesButTheLastAreFull() {
        List<GenerationRequested> tasks = Tasks.of(3, 4, 1);
        assertThat(DecodeBatches.pack(tasks, 5))
                .containsExactly(
                        List.of(place(0, 0), place(0, 1), place(0, 2), place(1, 0), place(1, 1)),
                        List.of(place(1, 2), place(1, 3), place(2, 0)));
    }

    private static Place place(int task, int candidate) {
        return new Place(task, candidate);
    }
}
