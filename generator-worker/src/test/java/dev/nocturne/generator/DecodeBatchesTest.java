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
                arguments("a third batch would be worth it, but takes time", ofEach(24, 5), 1),
                arguments("one that is larger than all goes alone", new int[] {512, 16}, 1),
                arguments("a large one waits for its turn", new int[] {16, 512, 16}, 1),
                arguments("single candidates fill one batch", ofEach(1, 40), 32));
    }

    private static int[] ofEach(int candidates, int count) {
        int[] all = new int[count];
        Arrays.fill(all, candidates);
        return all;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void take(String story, int[] candidates, int expected) {
        assertThat(DecodeBatches.take(Tasks.of(candidates), 32)).isEqualTo(expected);
    }

    static Stream<Arguments> fill() {
        return Stream.of(
                arguments("one has room beside another", new int[] {16}, new int[] {16, 16}, 1),
                arguments("none beside a full batch", new int[] {32}, new int[] {1}, 0),
                arguments("small ones until it is full", new int[] {20}, ofEach(5, 9), 2),
                arguments("a large one is not overtaken", new int[] {20}, new int[] {13, 1}, 0),
                arguments("the second batch has room", new int[] {40}, new int[] {16, 8, 1}, 2));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void fill(String story, int[] taken, int[] waiting, int expected) {
        assertThat(DecodeBatches.fill(Tasks.of(taken), Tasks.of(waiting), 32)).isEqualTo(expected);
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
