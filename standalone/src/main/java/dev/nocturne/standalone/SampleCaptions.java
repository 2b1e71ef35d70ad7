package dev.nocturne.standalone;

import java.util.List;

/** What the demo paints. */
final class SampleCaptions {
    static final List<String> ALL =
            List.of(
                    "a red heart",
                    "a pizza",
                    "a soccer ball",
                    "a cat face",
                    "a banana",
                    "a rocket",
                    "a snowman",
                    "a sunflower",
                    "a green tree",
                    "a strawberry",
                    "a red apple to the left of a dog",
                    "a yellow star above a house");

    private SampleCaptions() {}
}
