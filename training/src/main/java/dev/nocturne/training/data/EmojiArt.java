package dev.nocturne.training.data;

import java.util.List;
import java.util.Set;

/**
 * The art the models are trained on: about nine thousand emoji drawings of eight openly licensed
 * sets (MIT, Apache-2.0, CC BY 4.0), shipped as SVG. Skin tones, gendered variants and flags are
 * not part of it.
 */
public final class EmojiArt {

    private static final String RESOURCE = "/art/emoji-core.tsv.gz";

    /** Icons, as {@code source:name}, that don't show what the caption of their code point says. */
    private static final Set<String> MISLABELLED =
            Set.of(
                    "fxemoji:beachumbrella", // an island
                    "fxemoji:beating-heart", // a heart at rest
                    "fxemoji:boar", // a pig
                    "fxemoji:compression", // a car in a press
                    "fxemoji:construction", // a crane
                    "fxemoji:fog", // all but invisible on white
                    "fxemoji:keyboard", // a piano's
                    "fxemoji:pistol", // a revolver
                    "fxemoji:pout", // a person
                    "fxemoji:pouting", // a red face
                    "fxemoji:sparklingheart", // without sparkles
                    "fxemoji:sunglasses", // on a face
                    "fxemoji:tramcar", // its colours are lost
                    "fxemoji:wave", // of the sea
                    "fxemoji:whitemediumstar",
                    "fxemoji:window", // of a program
                    "streamline-emojis:champagne-glass-1", // clinking with nothing
                    "streamline-emojis:champagne-glass-2",
                    "streamline-emojis:pistol", // a revolver
                    "streamline-emojis:turkey"); // the country's flag

    /**
     * What scenes are made of: everyday things with a shape of their own. A half of a scene has a
     * quarter of the tokens of a picture, and a small model learns to draw so many things that
     * small, not all of them.
     */
    private static final Set<String> SCENE_THINGS =
            Set.of(
                    "airplane",
                    "automobile",
                    "balloon",
                    "banana",
                    "basketball",
                    "bear",
                    "bell",
                    "bus",
                    "butterfly",
                    "cactus",
                    "camera",
                    "candle",
                    "carrot",
                    "cat",
                    "cat face",
                    "cherries",
                    "cow",
                    "crab",
                    "crown",
                    "deciduous tree",
                    "dog",
                    "dog face",
                    "doughnut",
                    "drum",
                    "duck",
                    "egg",
                    "elephant",
                    "envelope",
                    "evergreen tree",
                    "fish",
                    "fox",
                    "frog",
                    "grapes",
                    "guitar",
                    "hammer",
                    "hamburger",
                    "horse",
                    "house",
                    "key",
                    "lemon",
                    "light bulb",
                    "lion",
                    "monkey",
                    "mushroom",
                    "octopus",
                    "owl",
                    "panda",
                    "pear",
                    "pencil",
                    "penguin",
                    "pig",
                    "pill",
                    "pineapple",
                    "pizza",
                    "rabbit",
                    "rainbow",
                    "red apple",
                    "rocket",
                    "rose",
                    "sailboat",
                    "scissors",
                    "snail",
                    "snowman",
                    "soccer ball",
                    "star",
                    "strawberry",
                    "sun",
                    "sunflower",
                    "tangerine",
                    "tent",
                    "tomato",
                    "trophy",
                    "tulip",
                    "turtle",
                    "umbrella",
                    "watermelon",
                    "whale");

    private EmojiArt() {}

    /** All drawings whose caption is true, in the order of the file: by set, then by name. */
    public static List<Drawing> load() {
        return ArtTable.drawings(RESOURCE).stream()
                .filter(drawing -> !MISLABELLED.contains(drawing.toString()))
                .map(drawing -> drawing.sceneWorthy(SCENE_THINGS.contains(drawing.caption())))
                .toList();
    }
}
