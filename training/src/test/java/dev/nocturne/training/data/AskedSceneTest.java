package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.training.data.AskedScene.Kind;
import java.awt.Rectangle;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AskedSceneTest {
    private static final Map<Drawing, Split> SIDES = Split.assign(EmojiArt.load());

    /** As if rendered: what is asked doesn't depend on the pixels. */
    private final List<Sprite> sprites =
            EmojiArt.load().stream().map(AskedSceneTest::sprite).toList();

    private static Sprite sprite(Drawing drawing) {
        return new Sprite(drawing, 1, new int[1], new Rectangle(1, 1), Optional.of("red"));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void everySceneIsOfItsKindAndNoObjectStandsInTwo(Kind kind) {
        List<AskedScene> scenes = AskedScene.list(kind, sprites, 40, caption -> true);
        assertThat(scenes).hasSizeGreaterThanOrEqualTo(kind == Kind.COLOURS ? 4 : 37);
        Set<String> objects = new HashSet<>();
        for (int i = 0; i < scenes.size(); i++) {
            AskedScene scene = scenes.get(i);
            Drawing first = scene.first().drawing();
            Drawing second = scene.second().drawing();
            assertThat(objects.add(first.codepoints()) && objects.add(second.codepoints()))
                    .isTrue();
            assertThat(first.source()).isEqualTo(second.source());
            assertThat(SIDES.get(first)).isEqualTo(Split.TRAIN);
            assertThat(SIDES.get(second)).isEqualTo(Split.TRAIN);
            assertThat(scene.relation()).isEqualTo(Relation.values()[i % 4]);
            assertThat(scene.relation().heldOut(first.codepoints(), second.codepoints()))
                    .isEqualTo(kind == Kind.HELD_OUT_PAIR || kind == Kind.HELD_OUT_RELATION);
            assertThat(Relation.heldOutPair(first.codepoints(), second.codepoints()))
                    .isEqualTo(kind == Kind.HELD_OUT_PAIR);
        }
    }

    @Test
    void theScenesAreThoseThatEveryModelWasAskedFor() {
        assertThat(captions(Kind.HELD_OUT_PAIR, caption -> true))
                .hasSize(37)
                .startsWith("a key to the left of a penguin", "a candle to the right of a dog")
                .endsWith("a red apple below a sun", "a whale to the left of a dog face");
        assertThat(captions(Kind.COLOURS, caption -> true))
                .hasSize(4)
                .contains("a red octopus above a red rose"); // every sprite of this test is red
        assertThat(SplitTest.digest("/art/scenes.tsv")).isEqualTo("75198b5cd8e050a2");
    }

    @Test
    void unreadableCaptionsAndScenesOfUnknownDrawingsAreNotAsked() {
        assertThat(captions(Kind.SEEN, caption -> !caption.contains("candle")))
                .hasSize(37)
                .noneMatch(caption -> caption.contains("candle"));
        assertThat(AskedScene.list(Kind.SEEN, sprites.subList(0, 1), 40, caption -> true))
                .isEmpty();
    }

    private List<String> captions(Kind kind, Predicate<String> readable) {
        return AskedScene.list(kind, sprites, 40, readable).stream()
                .map(AskedScene::caption)
                .toList();
    }
}
