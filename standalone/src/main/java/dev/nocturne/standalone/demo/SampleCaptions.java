package dev.nocturne.standalone.demo;

import java.util.List;

/** What the demo paints. */
final class SampleCaptions {
    static final List<String> ALL =
            List.of(
                    "a red heart",
                    "a cat face",
                    "a penguin",
                    "an umbrella",
                    "a tangerine",
                    "a drum",
                    "a light bulb",
                    "an envelope",
                    "a rocket",
                    "a soccer ball",
                    "a red apple to the left of a dog",
                    "a yellow star above a house");

    private SampleCaptions() {}
}
