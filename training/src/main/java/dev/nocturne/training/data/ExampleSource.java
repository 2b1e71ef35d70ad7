package dev.nocturne.training.data;

import java.awt.Dimension;
import java.awt.Point;
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
        /** In the middle, always alike. */
        CENTRED,
        /** In the middle and half the time mirrored: teaches to draw with few examples. */
        MIRRORED
    }

    private static final double MIN_SINGLE_SCALE = 0.82;
    private static final double CENTRED_SINGLE_SCALE = 0.94;
    private static final double MIN_SCENE_SCALE = 0.85;
    private static final double CENTRED_SCENE_SCALE = 0.94;
    private static final double ARTICLE_SHARE = 0.3;
    private static final double COLOUR_SHARE = 0.3;
    private static final double UNORDERED_SHARE = 0.2;
    private static final double STYLE_SHARE = 0.5;

    /** Of icons, which are drawn in plainer ways than emoji. */
    private static final double PAINTABLE_STYLE_SHARE = 0.8;

    /** The share of things of one colour that are shown in another, which the caption tells. */
    private static final double TURNED_SHARE = 0.15;

    private static final double SYNONYM_SHARE = 0.3;

    /** The share of several of a thing among the scenes. */
    private static final double SEVERAL_SHARE = 0.15;

    private static final int MOST_OF_A_THING = 4;

    private final List<Sprite> sprites;
    private final List<Sprite> sceneSprites;
    private final Map<String, List<Sprite>> sceneSpritesBySet;
    private final List<Sprite> countableSprites;
    private final int size;
    private final double sceneShare;
    private final Placement placement;

    /**
     * @param sprites what to draw from; pass those of one {@link Split}. Those that are smaller
     *     than the picture are rendered anew, large enough, whenever they are shown
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
        this.countableSprites =
                sceneSprites.stream()
                        .filter(s -> Captions.takesArticle(s.drawing().caption()))
                        .toList();
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

    /** A single drawing, a scene of two or several of a thing. */
    public Example next(RandomGenerator random) {
        if (random.nextDouble() >= sceneShare) {
            return single(random);
        }
        return random.nextDouble() < SEVERAL_SHARE && !countableSprites.isEmpty()
                ? several(random)
                : scene(random);
    }

    /** One drawing of any sprite. */
    public Example single(RandomGenerator random) {
        Shown shown = shown(any(sprites, random), random);
        byte[] rgb = picture(shown.sprite, random);
        return new Example(caption(shown, random), rgb);
    }

    /** One drawing of this sprite as it is, placed and, where the caption allows it, mirrored. */
    public Example single(Sprite drawn, RandomGenerator random) {
        Sprite sprite = SpriteSheet.sharp(drawn, size);
        byte[] rgb = picture(sprite, random);
        return new Example(
                caption(new Shown(sprite, sprite.drawing(), told(sprite, random)), random), rgb);
    }

    private byte[] picture(Sprite sprite, RandomGenerator random) {
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
        return canvas.rgb();
    }

    private static String caption(Shown shown, RandomGenerator random) {
        String caption =
                random.nextDouble() < ARTICLE_SHARE
                        ? Captions.nounPhrase(shown.named, shown.colour)
                        : Captions.label(shown.named, shown.colour);
        return styled(caption, shown.sprite, random);
    }

    /**
     * A sprite and what its caption says of it.
     *
     * @param named the drawing, maybe called by a synonym
     * @param colour the colour word to tell
     */
    private record Shown(Sprite sprite, Drawing named, Optional<String> colour) {}

    /** The sprite as it is, or in a colour that is told. */
    private Shown shown(Sprite drawn, RandomGenerator random) {
        Sprite sprite = SpriteSheet.sharp(drawn, size);
        List<String> synonyms = Synonyms.of(sprite.drawing().caption());
        Drawing named =
                !synonyms.isEmpty() && random.nextDouble() < SYNONYM_SHARE
                        ? sprite.drawing().called(synonyms.get(random.nextInt(synonyms.size())))
                        : sprite.drawing();
        if (sprite.drawing().paintable()) {
            // what is hardly more than an outline is black
            Paint paint = Paint.shows(sprite) ? Paint.any(random) : Paint.BLACK;
            return new Shown(
                    sprite.recoloured(paint.shade(random)), named, Optional.of(paint.word()));
        }
        if (sprite.colour().isPresent()
                && Captions.takesColour(sprite.drawing())
                && random.nextDouble() < TURNED_SHARE) {
            Recolouring turn = Recolouring.of(2 * Math.PI * random.nextDouble(), 1);
            Sprite turned = sprite.recoloured(turn);
            if (turned.colour().isPresent()) {
                return new Shown(turned, named, turned.colour());
            }
        }
        return new Shown(sprite, named, told(sprite, random));
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
                Shown one = shown(first, random);
                Shown other = shown(second, random);
                byte[] rgb = picture(one.sprite, relation, other.sprite, random);
                String phrase = random.nextDouble() < UNORDERED_SHARE ? "and" : relation.phrase();
                String caption =
                        Captions.scene(one.named, one.colour, phrase, other.named, other.colour);
                return new Example(styled(caption, first, random), rgb);
            }
        }
    }

    /** {@code first} in the given relation to {@code second}, whether or not it is held out. */
    public Example scene(Sprite first, Relation relation, Sprite second, RandomGenerator random) {
        byte[] rgb =
                picture(
                        SpriteSheet.sharp(first, size),
                        relation,
                        SpriteSheet.sharp(second, size),
                        random);
        String caption =
                Captions.scene(
                        first.drawing(),
                        told(first, random),
                        relation.phrase(),
                        second.drawing(),
                        told(second, random));
        return new Example(caption, rgb);
    }

    private byte[] picture(Sprite first, Relation relation, Sprite second, RandomGenerator random) {
        Canvas canvas = new Canvas(size);
        place(canvas, first, relation, random);
        place(canvas, second, relation.converse(), random);
        return canvas.rgb();
    }

    /** Two, three or four of one drawing: side by side, in a triangle, in a square. */
    private Example several(RandomGenerator random) {
        Shown shown = shown(any(countableSprites, random), random);
        int count = random.nextInt(2, MOST_OF_A_THING + 1);
        int half = size / 2;
        Canvas canvas = new Canvas(size);
        for (int i = 0; i < count; i++) {
            boolean alone = count == 3 && i == 0;
            Rectangle cell =
                    new Rectangle(
                            alone ? half / 2 : (count - 1 - i) % 2 * half,
                            count == 2 ? half / 2 : count - 1 - i < 2 ? half : 0,
                            half,
                            half);
            place(canvas, shown.sprite, cell, random);
        }
        String caption = Captions.several(count, shown.named, shown.colour);
        return new Example(styled(caption, shown.sprite, random), canvas.rgb());
    }

    /** Paints the sprite's opaque part in a cell of half the picture's width and height. */
    private void place(Canvas canvas, Sprite sprite, Rectangle cell, RandomGenerator random) {
        Dimension fitted = fitted(sprite, random);
        int x = within(cell.x, cell.x + cell.width - fitted.width, random);
        int y = within(cell.y, cell.y + cell.height - fitted.height, random);
        draw(canvas, sprite, new Rectangle(new Point(x, y), fitted), random);
    }

    /** Paints the sprite's opaque part on its side of the picture. */
    private void place(Canvas canvas, Sprite sprite, Relation side, RandomGenerator random) {
        Dimension fitted = fitted(sprite, random);
        // along the relation's axis: anywhere in the sprite's half; across it: near the middle
        int half = size / 2;
        int free = half / 4;
        int left = (size - fitted.width) / 2;
        int top = (size - fitted.height) / 2;
        int x = within(left - free, left + free, random);
        int y = within(top - free, top + free, random);
        switch (side) {
            case LEFT_OF -> x = within(0, half - fitted.width, random);
            case RIGHT_OF -> x = within(half, size - fitted.width, random);
            case ABOVE -> y = within(0, half - fitted.height, random);
            case BELOW -> y = within(half, size - fitted.height, random);
        }
        draw(canvas, sprite, new Rectangle(new Point(x, y), fitted), random);
    }

    /** The size of the sprite's opaque part scaled to a little under half the picture. */
    private Dimension fitted(Sprite sprite, RandomGenerator random) {
        Rectangle bounds = sprite.bounds();
        double longer = size / 2 * scale(MIN_SCENE_SCALE, CENTRED_SCENE_SCALE, random);
        double scale = longer / Math.max(bounds.width, bounds.height);
        return new Dimension(
                Math.max(1, (int) Math.floor(bounds.width * scale)),
                Math.max(1, (int) Math.floor(bounds.height * scale)));
    }

    private void draw(Canvas canvas, Sprite sprite, Rectangle place, RandomGenerator random) {
        canvas.draw(sprite, sprite.bounds(), place, mirrored(sprite, random));
    }

    private double scale(double least, double centred, RandomGenerator random) {
        return placement == Placement.LOOSE ? random.nextDouble(least, 1.0) : centred;
    }

    /** A coordinate from {@code least} to {@code most}, both included. */
    private int within(int least, int most, RandomGenerator random) {
        return placement == Placement.LOOSE ? random.nextInt(least, most + 1) : (least + most) / 2;
    }

    private boolean mirrored(Sprite sprite, RandomGenerator random) {
        return placement != Placement.CENTRED
                && sprite.drawing().mirrorable()
                && random.nextBoolean();
    }

    /** The caption, sometimes with its style: "a red apple, noto style". */
    private static String styled(String caption, Sprite sprite, RandomGenerator random) {
        double share = sprite.drawing().paintable() ? PAINTABLE_STYLE_SHARE : STYLE_SHARE;
        return random.nextDouble() < share
                ? sprite.drawing()
                        .style()
                        .map(style -> caption + ", " + style + " style")
                        .orElse(caption)
                : caption;
    }

    private static Optional<String> told(Sprite sprite, RandomGenerator random) {
        return random.nextDouble() < COLOUR_SHARE ? sprite.colour() : Optional.empty();
    }

    private static Sprite any(List<Sprite> sprites, RandomGenerator random) {
        return sprites.get(random.nextInt(sprites.size()));
    }
}
