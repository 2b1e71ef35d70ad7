package dev.nocturne.training.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * The art the models are trained on: about nine thousand emoji drawings of eight openly licensed
 * sets (MIT, Apache-2.0, CC BY 4.0), shipped as SVG. Skin tones, gendered variants and flags are
 * not part of it.
 */
public final class EmojiArt {

    private static final String RESOURCE = "/art/emoji-core.tsv.gz";
    private static final int COLUMNS = 10;

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
        List<Drawing> drawings = new ArrayList<>();
        try (InputStream resource = EmojiArt.class.getResourceAsStream(RESOURCE);
                BufferedReader lines =
                        new BufferedReader(
                                new InputStreamReader(
                                        new GzipCompressorInputStream(resource, true),
                                        StandardCharsets.UTF_8))) {
            lines.readLine(); // column names
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Drawing drawing = parse(line);
                if (!MISLABELLED.contains(drawing.source() + ":" + drawing.name())) {
                    drawings.add(drawing);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the art resource " + RESOURCE, e);
        }
        return List.copyOf(drawings);
    }

    private static Drawing parse(String line) throws IOException {
        String[] column = line.split("\t", -1);
        if (column.length != COLUMNS) {
            throw new IOException(
                    "expected " + COLUMNS + " columns, found " + column.length + ": " + column[0]);
        }
        return new Drawing(
                column[0],
                column[1],
                column[2],
                column[3],
                column[4],
                column[5],
                column[6],
                List.of(column[7].split("\\|")),
                column[8].equals("1") && SCENE_THINGS.contains(column[3]),
                column[9]);
    }
}
