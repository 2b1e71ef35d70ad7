package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.training.data.AskedScene.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AskedSceneTest {
    private static final int THINGS = 60;

    @TempDir private Path cache;
    private final List<Sprite> sprites = new ArrayList<>();

    /** Both sets draw things in red and in blue, and every third thing in one of them only. */
    @BeforeEach
    void render() throws IOException {
        List<Drawing> drawings = new ArrayList<>();
        for (int i = 0; i < THINGS; i++) {
            boolean red = i % 2 == 0;
            drawings.add(box("one", i, red ? "#ff0000" : "#0000ff"));
            drawings.add(box("two", i, red == (i % 3 == 0) ? "#fe0000" : "#0000fe"));
        }
        sprites.addAll(SpriteSheet.render(drawings, 24, cache));
    }

    /** Wider from thing to thing, since equal pictures count once. */
    private static Drawing box(String source, int thing, String colour) {
        return Drawings.drawing(
                source,
                "T" + thing,
                "thing " + thing,
                "<rect x=\"0\" y=\"10\" width=\"%d\" height=\"80\" fill=\"%s\"/>"
                        .formatted(30 + thing, colour));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void everySceneIsOfItsKindAndNoObjectStandsInTwo(Kind kind) {
        List<AskedScene> scenes = AskedScene.choose(kind, sprites, 8, caption -> true);
        assertThat(scenes).hasSize(8).isEqualTo(AskedScene.choose(kind, sprites, 8, c -> true));
        Set<String> objects = new HashSet<>();
        for (int i = 0; i < scenes.size(); i++) {
            AskedScene scene = scenes.get(i);
            String first = scene.first().drawing().codepoints();
            String second = scene.second().drawing().codepoints();
            assertThat(objects.add(first) && objects.add(second)).isTrue();
            assertThat(scene.first().drawing().source())
                    .isEqualTo(scene.second().drawing().source());
            assertThat(scene.relation()).isEqualTo(Relation.values()[i % 4]);
            assertThat(scene.relation().heldOut(first, second))
                    .isEqualTo(kind == Kind.HELD_OUT_PAIR || kind == Kind.HELD_OUT_RELATION);
            assertThat(Relation.heldOutPair(first, second)).isEqualTo(kind == Kind.HELD_OUT_PAIR);
        }
    }

    @Test
    void coloursAreAskedOnlyOfThingsThatHaveOthers() {
        List<AskedScene> scenes = AskedScene.choose(Kind.COLOURS, sprites, THINGS, c -> true);
        assertThat(scenes).hasSizeGreaterThan(10);
        assertThat(scenes)
                .allSatisfy(
                        scene -> {
                            assertThat(scene.caption())
                                    .matches("a (red|blue) thing \\d+ .* a (red|blue) thing \\d+")
                                    .contains("red", "blue", scene.relation().phrase());
                            for (Sprite sprite : List.of(scene.first(), scene.second())) {
                                String thing = sprite.drawing().caption().substring(6);
                                assertThat(Integer.parseInt(thing) % 3).isNotZero();
                            }
                        });
    }

    @Test
    void unreadableCaptionsAreNotAsked() {
        List<AskedScene> scenes =
                AskedScene.choose(Kind.SEEN, sprites, 8, caption -> !caption.contains("thing 1"));
        assertThat(scenes)
                .hasSize(8)
                .noneMatch(scene -> scene.caption().contains("thing 1"))
                .allMatch(scene -> scene.caption().matches("a thing \\d+ .* a thing \\d+"));
    }
}
