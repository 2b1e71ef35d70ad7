package dev.nocturne.training.data;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The emoji art to learn from: every visit composes another picture.
 *
 * @param heldOut drawings that no composed picture shows
 */
public record ArtSource(ExampleSource training, List<Example> heldOut) implements PictureSource {
    private static final List<String> SHOWN =
            List.of(
                    "red heart",
                    "pizza",
                    "soccer ball",
                    "cat face",
                    "banana",
                    "rocket",
                    "snowman",
                    "birthday cake",
                    "frog",
                    "guitar",
                    "umbrella",
                    "red apple",
                    "penguin",
                    "automobile",
                    "octopus",
                    "a red apple to the left of a dog",
                    "a cat above a car",
                    "a tree and a house",
                    "rocket, noto style",
                    "light bulb, flat style");

    @Override
    public Example example(long visit, RandomGenerator random) {
        return training.next(random);
    }

    @Override
    public List<Example> heldOut(int count) {
        return heldOut.subList(0, Math.min(count, heldOut.size()));
    }

    @Override
    public List<String> shown() {
        return SHOWN;
    }

    @Override
    public long size() {
        return Long.MAX_VALUE;
    }
}
