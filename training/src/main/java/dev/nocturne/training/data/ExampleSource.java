package dev.nocturne.training.data;

import java.awt.Rectangle;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * An endless stream of captioned pictures made from sprites: single drawings and scenes of two
 * objects. Immutable, so several threads may draw from one source, each with a generator of its
 * own; the same generator state gives the same examples.
 */
public final class ExampleSource {

    /** Where a sprite stands in its picture, or in its half of a scene. */
    public enum Placement {
        /** In any size and place that leaves it whole, often mirrored: teaches what a thing is. */
        LOOSE,
        /** In the middle, always alike: teaches to draw with few examples. */
        CENTRED
    }

    private static final double MIN_SINGLE_SCALE = 0.82;
    private static final double CENTRED_SINGLE_SCALE = 0.94;
    private static final double MIN_SCENE_SCALE = 0.85;
    private static final double CENTRED_SCENE_SCALE = 0.94;
    private static final double ARTICLE_SHARE = 0.3;
    private static final double COLOUR_SHARE = 0.3;
    private static final double UNORDERED_SHARE = 0.2;
    private static final double STYLE_SHARE = 0.5;

    private final List<Sprite> sprites;
    private final List<Sprite> sceneSprites;
    private final Map<String, List<Sprite>> sceneSpritesBySet;
    private final int size;
    private final double sceneShare;
    private final Placement placement;

    /**
     * @param sprites what to draw from; pass those of one {@link Split}
     * @param size side of the pictures in pixels
     * @param sceneShare the share of scenes among the examples, in [0, 1]
     * @throws IllegalArgumentException if there is nothing to draw from
     */
    public ExampleSource(List<Sprite> sprites, int size, double sceneShare, Placement placement) {
        this.sprites = List.copyOf(sprites);
        // sorted by set, so that the same seed gives the same scenes
        this.sceneSpritesBySet =
                sprites.stream()
                        .filter(s -> s.drawing().sceneWorthy())
                        .collect(
                                Collectors.groupingBy(
                                        s -> s.drawing().source(),
                                        TreeMap::new,
                                        Collectors.toList()));
        sceneSpritesBySet.values().removeIf(set -> concepts(set) < 2);
        this.sceneSprites = sceneSpritesBySet.values().stream().flatMap(List::stream).toList();
        this.size = size;
        this.sceneShare = sceneShare;
        this.placement = placement;
        if (sprites.isEmpty() || sceneShare > 0 && sceneSprites.isEmpty()) {
            throw new IllegalArgumentException(
                    "scenes need sprites of two scene-worthy concepts from one set, found "
                            + sprites.size()
                            + " sprites and no such two; pass more drawings");
        }
    }

    private static long concepts(List<Sprite> sprites) {
        return sprites.stream().map(s -> s.drawing().codepoints()).distinct().count();
    }

    /** A single drawing or a scene. */
    public Example next(RandomGenerator random) {
        return random.nextDouble() < sceneShare ? scene(random) : single(random);
    }

    /** One drawing of any sprite. */
    public Example single(RandomGenerator random) {
        return single(any(sprites, random), random);
    }

    /** One drawing of this sprite, placed and, where the caption allows it, mirrored. */
    public Example single(Sprite sprite, RandomGenerator random) {
        int side = (int) Math.round(size * scale(MIN_SINGLE_SCALE, CENTRED_SINGLE_SCALE, random));
        Rectangle place =
                new Rectangle(
                        within(0, size - side, random), within(0, size - side, random), side, side);
        Canvas canvas = new Canvas(size);
        canvas.draw(
                sprite,
                new Rectangle(sprite.size(), sprite.size()),
                place,
                mirrored(sprite, random));
        Optional<String> colour = sometimes(sprite.colour(), random);
        String caption =
                random.nextDouble() < ARTICLE_SHARE
                        ? Captions.nounPhrase(sprite.drawing(), colour)
                        : Captions.label(sprite.drawing(), colour);
        return new Example(styled(caption, sprite, random), canvas.rgb());
    }

    /**
     * Two objects by one hand in a layout that is not held out; in some captions its order isn't
     * told.
     */
    public Example scene(RandomGenerator random) {
        while (true) {
            Sprite first = any(sceneSprites, random);
            Sprite second = any(sceneSpritesBySet.get(first.drawing().source()), random);
            Relation relation = Relation.values()[random.nextInt(Relation.values().length)];
            String firstConcept = first.drawing().codepoints();
            String secondConcept = second.drawing().codepoints();
            if (!firstConcept.equals(secondConcept)
                    && !relation.heldOut(firstConcept, secondConcept)) {
                String phrase = random.nextDouble() < UNORDERED_SHARE ? "and" : relation.phrase();
                Example scene = scene(first, relation, second, phrase, random);
                return new Example(styled(scene.caption(), first, random), scene.rgb());
            }
        }
    }

    /** {@code first} in the given relation to {@code second}, whether or not it is held out. */
    public Example scene(Sprite first, Relation relation, Sprite second, RandomGenerator random) {
        return scene(first, relation, second, relation.phrase(), random);
    }

    private Example scene(
            Sprite first, Relation relation, Sprite second, String phrase, RandomGenerator random) {
        Canvas canvas = new Canvas(size);
        place(canvas, first, relation, random);
        place(canvas, second, relation.converse(), random);
        String caption =
                Captions.scene(
                        first.drawing(),
                        sometimes(first.colour(), random),
                        phrase,
                        second.drawing(),
                        sometimes(second.colour(), random));
        return new Example(caption, canvas.rgb());
    }

    /** Paints the sprite's opaque part, a little under half the picture, on its side of it. */
    private void place(Canvas canvas, Sprite sprite, Relation side, RandomGenerator random) {
        int half = size / 2;
        double longer = half * scale(MIN_SCENE_SCALE, CENTRED_SCENE_SCALE, random);
        Rectangle bounds = sprite.bounds();
        double scale = longer / Math.max(bounds.width, bounds.height);
        int width = Math.max(1, (int) Math.floor(bounds.width * scale));
        int height = Math.max(1, (int) Math.floor(bounds.height * scale));
        // along the relation's axis: anywhere in the sprite's half; across it: near the middle
        int free = half / 4;
        int x = within((size - width) / 2 - free, (size - width) / 2 + free, random);
        int y = within((size - height) / 2 - free, (size - height) / 2 + free, random);
        switch (side) {
            case LEFT_OF -> x = within(0, half - width, random);
            case RIGHT_OF -> x = within(half, size - width, random);
            case ABOVE -> y = within(0, half - height, random);
            case BELOW -> y = within(half, size - height, random);
        }
        boolean mirrored = mirrored(sprite, random);
        canvas.draw(sprite, bounds, new Rectangle(x, y, width, height), mirrored);
    }

    private double scale(double least, double centred, RandomGenerator random) {
        return placement == Placement.CENTRED ? centred : random.nextDouble(least, 1.0);
    }

    /** A coordinate from {@code least} to {@code most}, both included. */
    private int within(int least, int most, RandomGenerator random) {
        return placement == Placement.CENTRED
                ? (least + most) / 2
                : random.nextInt(least, most + 1);
    }

    private boolean mirrored(Sprite sprite, RandomGenerator random) {
        return placement == Placement.LOOSE
                && sprite.drawing().mirrorable()
                && random.nextBoolean();
    }

    /** The caption, sometimes with its style: "a red apple, noto style". */
    private static String styled(String caption, Sprite sprite, RandomGenerator random) {
        return random.nextDouble() < STYLE_SHARE
                ? sprite.drawing()
                        .style()
                        .map(style -> caption + ", " + style + " style")
                        .orElse(caption)
                : caption;
    }

    private static Optional<String> sometimes(Optional<String> colour, RandomGenerator random) {
        return random.nextDouble() < COLOUR_SHARE ? colour : Optional.empty();
    }

    private static Sprite any(List<Sprite> sprites, RandomGenerator random) {
        return sprites.get(random.nextInt(sprites.size()));
    }
}
