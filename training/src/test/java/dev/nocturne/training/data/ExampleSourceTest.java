package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.training.data.ExampleSource.Placement;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExampleSourceTest {

    private static final int SIZE = 64;

    @TempDir private Path cache;
    private Sprite red;
    private Sprite blue;

    @BeforeEach
    void render() throws IOException {
        List<Sprite> sprites =
                sprites(
                        Drawings.box("A", "apple", "#ff0000"),
                        Drawings.box("B", "boat", "#0000ff"));
        red = sprites.get(0);
        blue = sprites.get(1);
    }

    @ParameterizedTest
    @EnumSource(Relation.class)
    void aSceneShowsTheRelationThatItsCaptionTells(Relation relation) {
        ExampleSource source = new ExampleSource(List.of(red, blue), SIZE, 1, Placement.LOOSE);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 100; i++) {
            Example scene = source.scene(red, relation, blue, random);

            assertThat(scene.caption())
                    .matches("an? (red )?apple " + relation.phrase() + " a (blue )?boat");
            int[] redBox = extent(scene, 1, 2); // where green and blue are missing
            int[] blueBox = extent(scene, 0, 1);
            switch (relation) {
                case LEFT_OF -> assertThat(redBox[1]).isLessThanOrEqualTo(blueBox[0]);
                case RIGHT_OF -> assertThat(blueBox[1]).isLessThanOrEqualTo(redBox[0]);
                case ABOVE -> assertThat(redBox[3]).isLessThanOrEqualTo(blueBox[2]);
                case BELOW -> assertThat(blueBox[3]).isLessThanOrEqualTo(redBox[2]);
            }
        }
    }

    @Test
    void scenesNeverShowAHeldOutLayout() throws IOException {
        List<Drawing> drawings = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            drawings.add(Drawings.box("C" + i, "thing " + i, "#8080" + i + "0"));
        }
        ExampleSource source =
                new ExampleSource(
                        sprites(drawings.toArray(Drawing[]::new)), SIZE, 1, Placement.LOOSE);
        SplittableRandom random = new SplittableRandom(2);
        Set<String> captions = new HashSet<>();
        for (int i = 0; i < 5000; i++) {
            captions.add(source.next(random).caption());
        }
        for (Relation relation : Relation.values()) {
            for (int a = 0; a < 8; a++) {
                for (int b = 0; b < 8; b++) {
                    String caption = "a thing " + a + " " + relation.phrase() + " a thing " + b;
                    boolean trained = a != b && !relation.heldOut("C" + a, "C" + b);
                    assertThat(captions.contains(caption)).as(caption).isEqualTo(trained);
                }
            }
        }
    }

    @Test
    void aFifthOfThePairsIsHeldOutInWhicheverOrderTheyAreNamed() {
        int held = 0;
        for (int i = 0; i < 10_000; i++) {
            String first = "A" + i;
            String second = "B" + i;
            held += Relation.heldOutPair(first, second) ? 1 : 0;
            for (Relation relation : Relation.values()) {
                assertThat(relation.heldOut(first, second))
                        .isEqualTo(relation.converse().heldOut(second, first));
            }
        }
        assertThat(held).isBetween(1850, 2150);
    }

    @Test
    void aSingleDrawingIsMirroredOnlyIfItsCaptionStaysTrue() throws IOException {
        assertThat(meanColumn(Drawings.leftHalf("left arrow"))).isLessThan(26);
        assertThat(meanColumn(Drawings.leftHalf("door"))).isBetween(26.0, 38.0);
    }

    @Test
    void mirroredPicturesStandInTheMiddleOneWayOrTheOther() throws IOException {
        List<Sprite> door = sprites(Drawings.leftHalf("door"));
        ExampleSource source = new ExampleSource(door, SIZE, 0, Placement.MIRRORED);
        SplittableRandom random = new SplittableRandom(5);
        Set<List<Integer>> extents = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            int[] extent = extent(source.single(door.get(0), random), 0, 0);
            extents.add(List.of(extent[0], extent[1], extent[2], extent[3]));
        }
        assertThat(extents)
                .containsExactlyInAnyOrder(List.of(2, 32, 2, 62), List.of(32, 62, 2, 62));
    }

    @Test
    void aColourWordIsToldOnlyOfAPictureThatHasTheColour() {
        ExampleSource source = new ExampleSource(List.of(red), SIZE, 0, Placement.LOOSE);
        SplittableRandom random = new SplittableRandom(3);
        Set<String> captions = new HashSet<>();
        for (int i = 0; i < 500; i++) {
            captions.add(source.next(random).caption());
        }
        assertThat(captions)
                .contains("apple", "an apple", "red apple", "a red apple", "a green apple");
    }

    @Test
    void aThingInAnotherColourIsCalledByIt() {
        ExampleSource source = new ExampleSource(List.of(red), SIZE, 0, Placement.LOOSE);
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 500; i++) {
            Example example = source.next(random);
            Optional<BasicColour> shown = BasicColour.ofMost(pixels(example));
            if (shown.isPresent() && shown.get() != BasicColour.RED) {
                assertThat(example.caption()).contains(shown.get().word());
            }
        }
    }

    @Test
    void whatCanBePaintedIsAlwaysShownInTheColourThatIsTold() throws IOException {
        Sprite blank =
                sprites(
                                Drawings.drawing(
                                        "game-icons",
                                        "A",
                                        "apple",
                                        "<rect width=\"90\" height=\"90\" fill=\"#2f88ff\"/>"))
                        .get(0);
        ExampleSource source = new ExampleSource(List.of(blank), SIZE, 0, Placement.MIRRORED);
        SplittableRandom random = new SplittableRandom(8);
        Set<String> told = new HashSet<>();
        for (int i = 0; i < 300; i++) {
            Example example = source.next(random);
            String colour = example.caption().replaceAll("^an? | apple.*", "");
            told.add(colour);
            BasicColour.ofMost(pixels(example))
                    .ifPresent(shown -> assertThat(colour).isEqualTo(shown.word()));
        }
        assertThat(told).hasSize(Paint.values().length);
    }

    @Test
    void anOutlineIsCalledBlackWhateverLittleItHoldsOfThePaint() throws IOException {
        Sprite outline =
                sprites(
                                Drawings.drawing(
                                        "icon-park",
                                        "A",
                                        "apple",
                                        "<rect width=\"90\" height=\"80\"/>"
                                                + "<rect y=\"80\" width=\"90\" height=\"9\""
                                                + " fill=\"#2f88ff\"/>"))
                        .get(0);
        ExampleSource source = new ExampleSource(List.of(outline), SIZE, 0, Placement.LOOSE);
        SplittableRandom random = new SplittableRandom(8);
        for (int i = 0; i < 50; i++) {
            assertThat(source.next(random).caption()).contains("black apple");
        }
    }

    @Test
    void severalOfAThingAreShownAsOftenAsTheCaptionCounts() {
        ExampleSource source = new ExampleSource(List.of(red, blue), SIZE, 1, Placement.CENTRED);
        SplittableRandom random = new SplittableRandom(9);
        Set<String> numbers = new HashSet<>();
        for (int i = 0; i < 500; i++) {
            Example example = source.next(random);
            String number = example.caption().split(" ")[0];
            int count = List.of("two", "three", "four").indexOf(number) + 2;
            if (count > 1) {
                numbers.add(number);
                assertThat(example.caption()).matches(number + "( [a-z]+)? (apples|boats)");
                assertThat(boxes(example)).isEqualTo(count);
            }
        }
        assertThat(numbers).hasSize(3);
    }

    @Test
    void whatIsNotCountedStandsInScenesOnly() throws IOException {
        List<Sprite> uncountable =
                sprites(
                        Drawings.box("A", "bread", "#ff0000"),
                        Drawings.box("B", "grapes", "#0000ff"));
        ExampleSource source = new ExampleSource(uncountable, SIZE, 1, Placement.CENTRED);
        SplittableRandom random = new SplittableRandom(9);
        for (int i = 0; i < 100; i++) {
            assertThat(source.next(random).caption()).contains("bread", "grapes");
        }
    }

    /** Boxes whose upper left corner is seen: marked pixels with white above and to the left. */
    private static int boxes(Example example) {
        int[] pixels = pixels(example);
        int corners = 0;
        for (int y = 1; y < SIZE; y++) {
            for (int x = 1; x < SIZE; x++) {
                int at = y * SIZE + x;
                corners +=
                        pixels[at] != 0xffffff
                                        && pixels[at - 1] == 0xffffff
                                        && pixels[at - SIZE] == 0xffffff
                                ? 1
                                : 0;
            }
        }
        return corners;
    }

    private static int[] pixels(Example example) {
        int plane = SIZE * SIZE;
        int[] pixels = new int[plane];
        for (int i = 0; i < 3 * plane; i++) {
            pixels[i % plane] = pixels[i % plane] << 8 | example.rgb()[i] & 255;
        }
        return pixels;
    }

    @Test
    void halfTheCaptionsNameTheStyleAndScenesAreByOneHand() throws IOException {
        List<Sprite> sprites =
                sprites(
                        Drawings.drawing("noto", "A", "apple", box(30)),
                        Drawings.drawing("noto", "B", "boat", box(40)),
                        Drawings.drawing("twemoji", "A", "apple", box(50)),
                        Drawings.drawing("twemoji", "C", "cat", box(60)));
        ExampleSource source = new ExampleSource(sprites, SIZE, 0.5, Placement.LOOSE);
        SplittableRandom random = new SplittableRandom(6);
        int styled = 0;
        for (int i = 0; i < 1000; i++) {
            String caption = source.next(random).caption();
            assertThat(caption).doesNotMatch(".*boat.*twemoji style|.*boat.*cat.*|.*cat.*boat.*");
            styled += caption.matches("[^,]+, (noto|twemoji) style") ? 1 : 0;
        }
        assertThat(styled).isBetween(450, 550);
    }

    @Test
    void theSameSeedGivesTheSameExamples() {
        ExampleSource source = new ExampleSource(List.of(red, blue), SIZE, 0, Placement.LOOSE);
        SplittableRandom first = new SplittableRandom(4);
        SplittableRandom second = new SplittableRandom(4);
        for (int i = 0; i < 50; i++) {
            Example a = source.next(first);
            Example b = source.next(second);
            assertThat(a.caption()).isEqualTo(b.caption());
            assertThat(a.rgb()).hasSize(3 * SIZE * SIZE).isEqualTo(b.rgb());
        }
    }

    @Test
    void scenesOfASingleConceptAreRefused() {
        assertThatThrownBy(() -> new ExampleSource(List.of(red), SIZE, 0.5, Placement.LOOSE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two scene-worthy concepts");
    }

    private List<Sprite> sprites(Drawing... drawings) throws IOException {
        return SpriteSheet.render(List.of(drawings), 48, cache);
    }

    private static String box(int height) {
        return "<rect x=\"10\" y=\"10\" width=\"80\" height=\"%d\"/>".formatted(height);
    }

    private double meanColumn(Drawing drawing) throws IOException {
        ExampleSource source = new ExampleSource(sprites(drawing), SIZE, 0, Placement.LOOSE);
        SplittableRandom random = new SplittableRandom(5);
        double sum = 0;
        for (int i = 0; i < 200; i++) {
            int[] extent = extent(source.next(random), 0, 1);
            sum += (extent[0] + extent[1]) / 2.0;
        }
        return sum / 200;
    }

    /** Left, right, top and bottom (right and bottom exclusive) of what is dark in both planes. */
    private static int[] extent(Example example, int plane, int otherPlane) {
        int[] extent = {SIZE, 0, SIZE, 0};
        for (int y = 0; y < SIZE; y++) {
            for (int x = 0; x < SIZE; x++) {
                int at = y * SIZE + x;
                if ((example.rgb()[plane * SIZE * SIZE + at] & 255) < 200
                        && (example.rgb()[otherPlane * SIZE * SIZE + at] & 255) < 200) {
                    extent[0] = Math.min(extent[0], x);
                    extent[1] = Math.max(extent[1], x + 1);
                    extent[2] = Math.min(extent[2], y);
                    extent[3] = Math.max(extent[3], y + 1);
                }
            }
        }
        return extent;
    }
}
