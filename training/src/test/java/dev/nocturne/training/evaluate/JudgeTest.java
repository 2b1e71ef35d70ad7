package dev.nocturne.training.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.picture.Pixels;
import dev.nocturne.training.data.AskedScene;
import dev.nocturne.training.data.Drawing;
import dev.nocturne.training.data.EmojiArt;
import dev.nocturne.training.data.ExampleSource;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.Relation;
import dev.nocturne.training.data.Sprite;
import dev.nocturne.training.data.SpriteSheet;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On real drawings, as they are: the judge needs no model. */
class JudgeTest {
    private static final int SIZE = 64;
    private static final List<String> CAPTIONS =
            List.of(
                    "pizza",
                    "banana",
                    "rocket",
                    "soccer ball",
                    "umbrella",
                    "snowman",
                    "penguin",
                    "octopus",
                    "cactus",
                    "guitar",
                    "red apple",
                    "automobile",
                    "key",
                    "mushroom",
                    "sunflower",
                    "candle");
    private static final List<String> SETS =
            List.of("noto", "twemoji", "emojione", "fluent-emoji-flat", "fxemoji");

    private static List<Sprite> sprites;
    private static Judge judge;

    @BeforeAll
    static void render(@TempDir Path cache) throws IOException {
        List<Drawing> drawings =
                EmojiArt.load().stream()
                        .filter(drawing -> CAPTIONS.contains(drawing.caption()))
                        .filter(drawing -> SETS.contains(drawing.source()))
                        .toList();
        sprites = SpriteSheet.render(drawings, 96, cache);
        judge =
                new Judge(
                        sprites.stream().map(Sprite::drawing).toList(),
                        sprites.stream().map(s -> picture(s, Placement.CENTRED)).toList());
        assertThat(judge.captions()).containsExactlyInAnyOrderElementsOf(CAPTIONS);
    }

    private static BufferedImage picture(Sprite sprite, Placement placement) {
        return Pixels.picture(
                new ExampleSource(sprites, SIZE, 0, placement)
                        .single(sprite, new SplittableRandom(3))
                        .rgb(),
                SIZE);
    }

    @Test
    void knowsADrawingWhateverItsSizeItsPlaceAndItsSide() {
        for (Sprite sprite : sprites) {
            Judge.Likeness likeness = judge.of(picture(sprite, Placement.LOOSE));
            assertThat(likeness.best(CAPTIONS))
                    .as(sprite.drawing().toString())
                    .isEqualTo(sprite.drawing().caption());
            assertThat(likeness.to(sprite.drawing().caption())).isBetween(0.85, 1.0001);
            assertThat(likeness.to("unknown")).isEqualTo(-1);
        }
    }

    @Test
    void namesMostDrawingsByThoseOfOtherHands() {
        int first = 0;
        int amongThree = 0;
        for (Sprite sprite : sprites) {
            String caption = sprite.drawing().caption();
            Judge.Likeness likeness =
                    judge.of(
                            picture(sprite, Placement.CENTRED),
                            other -> !other.family().equals(sprite.drawing().family()));
            assertThat(likeness.best(CAPTIONS).equals(caption))
                    .isEqualTo(likeness.among(1, caption, CAPTIONS));
            first += likeness.among(1, caption, CAPTIONS) ? 1 : 0;
            amongThree += likeness.among(3, caption, CAPTIONS) ? 1 : 0;
        }
        // by chance 0.06 and 0.19
        assertThat(first / (double) sprites.size()).isGreaterThan(0.75);
        assertThat(amongThree).isBetween(first + 1, sprites.size());
    }

    @Test
    void scenesAreJudgedRightAndExchangedOnesWrong() {
        List<AskedScene> asked = asked();
        Scenes.Binding right = new Scenes.Binding(0, 0, 0, 0, 0);
        Scenes.Binding exchanged = right;
        Scenes.Binding blank = right;
        for (AskedScene scene : asked) {
            AskedScene converse =
                    new AskedScene(scene.first(), scene.relation().converse(), scene.second(), "");
            right = right.plus(judged(scene, scene(scene)));
            exchanged = exchanged.plus(judged(scene, scene(converse)));
            blank = blank.plus(judged(scene, painted(Color.WHITE, Color.WHITE)));
        }
        int count = asked.size();
        assertThat(right).isEqualTo(new Scenes.Binding(count, 2 * count, count, count, count));
        assertThat(exchanged).isEqualTo(new Scenes.Binding(count, 0, count, 0, 0));
        assertThat(blank.both()).isZero();
    }

    /** A scene of every two neighbours in the list that one hand drew. */
    private static List<AskedScene> asked() {
        List<AskedScene> asked = new ArrayList<>();
        for (int i = 0; i + 1 < sprites.size(); i += 2) {
            Sprite first = sprites.get(i);
            Sprite second = sprites.get(i + 1);
            if (first.drawing().source().equals(second.drawing().source())) {
                Relation relation = Relation.values()[asked.size() % Relation.values().length];
                asked.add(new AskedScene(first, relation, second, ""));
            }
        }
        return asked.subList(0, 7);
    }

    private static Scenes.Binding judged(AskedScene scene, BufferedImage picture) {
        return Scenes.Binding.of(judge, any -> true, CAPTIONS, scene, picture);
    }

    private static BufferedImage scene(AskedScene scene) {
        return Pixels.picture(
                new ExampleSource(sprites, SIZE, 0, Placement.LOOSE)
                        .scene(
                                scene.first(),
                                scene.relation(),
                                scene.second(),
                                new SplittableRandom(8))
                        .rgb(),
                SIZE);
    }

    @Test
    void coloursAreThoseOfMostColouredPixels() {
        AskedScene scene = new AskedScene(coloured("red"), Relation.ABOVE, coloured("blue"), "");
        assertThat(Scenes.Colours.of(scene, painted(Color.RED, Color.BLUE)))
                .isEqualTo(new Scenes.Colours(1, 2, 0, 1));
        assertThat(Scenes.Colours.of(scene, painted(Color.BLUE, Color.RED)))
                .isEqualTo(new Scenes.Colours(1, 0, 2, 0));
        assertThat(Scenes.Colours.of(scene, painted(Color.RED, Color.RED)))
                .isEqualTo(new Scenes.Colours(1, 1, 1, 0));
        assertThat(Scenes.Colours.of(scene, painted(Color.WHITE, Color.GRAY)))
                .isEqualTo(new Scenes.Colours(1, 0, 0, 0));
        BufferedImage mostlyRight = painted(Color.RED, Color.BLUE);
        Graphics2D graphics = mostlyRight.createGraphics();
        graphics.setColor(Color.GREEN);
        graphics.fillRect(0, 0, 20, SIZE);
        assertThat(Scenes.Colours.of(scene, mostlyRight)).matches(colours -> colours.both() == 1);
        graphics.fillRect(0, 0, 40, SIZE);
        assertThat(Scenes.Colours.of(scene, mostlyRight)).isEqualTo(new Scenes.Colours(1, 0, 0, 0));
    }

    private static Sprite coloured(String colour) {
        Sprite any = sprites.get(0);
        return new Sprite(any.drawing(), 1, new int[1], new Rectangle(1, 1), Optional.of(colour));
    }

    private static BufferedImage painted(Color top, Color bottom) {
        BufferedImage picture = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setColor(top);
        graphics.fillRect(0, 0, SIZE, SIZE / 2);
        graphics.setColor(bottom);
        graphics.fillRect(0, SIZE / 2, SIZE, SIZE / 2);
        return picture;
    }
}
