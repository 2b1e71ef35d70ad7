package dev.nocturne.training.data;

import dev.nocturne.models.picture.Pixels;
import dev.nocturne.training.data.ExampleSource.Placement;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The art as the trainings and the evaluation use it: pictures of things, split, at one picture
 * size.
 */
public final class ArtData {
    /** What fewer hands have drawn can't be learnt apart from one hand's drawing of it. */
    private static final int FAMILIES = 4;

    private static final int HELD_OUT = 256;

    private final Map<Split, List<Sprite>> sprites;
    private final int imageSize;

    private ArtData(Map<Split, List<Sprite>> sprites, int imageSize) {
        this.sprites = sprites;
        this.imageSize = imageSize;
    }

    /**
     * @param cacheFolder where rendered sprites are kept between runs
     */
    public static ArtData load(Path cacheFolder, int imageSize) throws IOException {
        List<Drawing> emoji = EmojiArt.load();
        Map<String, Set<String>> families =
                emoji.stream()
                        .collect(
                                Collectors.groupingBy(
                                        Drawing::codepoints,
                                        Collectors.mapping(Drawing::family, Collectors.toSet())));
        List<Drawing> things = new ArrayList<>(emoji);
        things.removeIf(drawing -> !drawing.depictsThing());
        things.removeIf(drawing -> families.get(drawing.codepoints()).size() < FAMILIES);
        things.addAll(IconArt.load(emoji));
        Map<Drawing, Split> sides = Split.assign(things);
        List<Sprite> rendered = SpriteSheet.render(things, Sprite.sizeFor(imageSize), cacheFolder);
        return new ArtData(
                rendered.stream()
                        .collect(
                                Collectors.groupingBy(
                                        sprite -> sides.get(sprite.drawing()),
                                        () -> new EnumMap<>(Split.class),
                                        Collectors.toList())),
                imageSize);
    }

    /**
     * The same in larger pictures, for which each drawing is rendered anew whenever it is shown:
     * all of them would not fit into memory.
     */
    public ArtData enlarged(int factor) {
        return new ArtData(sprites, imageSize * factor);
    }

    /**
     * What one part of a model learns from.
     *
     * @param sceneShare the share of scenes among the pictures to learn from, in [0, 1]
     * @param heldOut where the held-out drawings stand
     */
    public ArtSource source(double sceneShare, Placement training, Placement heldOut) {
        return new ArtSource(
                training(sceneShare, training), heldOut(Split.VALIDATION, HELD_OUT, heldOut));
    }

    public ExampleSource training(double sceneShare, Placement placement) {
        return new ExampleSource(sprites.get(Split.TRAIN), imageSize, sceneShare, placement);
    }

    /** The drawings of one side. */
    public List<Sprite> sprites(Split split) {
        return sprites.get(split);
    }

    /** The drawings that the judge knows. */
    public List<Sprite> judged() {
        Set<String> judged = JudgedArt.names();
        return sprites.values().stream()
                .flatMap(List::stream)
                .filter(sprite -> judged.contains(sprite.drawing().toString()))
                .toList();
    }

    /** Each drawing alone and in the middle. */
    public List<BufferedImage> pictures(List<Sprite> shown) {
        ExampleSource source = new ExampleSource(shown, imageSize, 0, Placement.CENTRED);
        SplittableRandom random = new SplittableRandom(1);
        return shown.stream()
                .map(sprite -> Pixels.picture(source.single(sprite, random).rgb(), imageSize))
                .toList();
    }

    /** The scene composed of drawings. */
    public BufferedImage picture(AskedScene scene) {
        List<Sprite> shown = List.of(scene.first(), scene.second());
        ExampleSource source = new ExampleSource(shown, imageSize, 0, Placement.CENTRED);
        return Pixels.picture(
                source.scene(
                                scene.first(),
                                scene.relation(),
                                scene.second(),
                                new SplittableRandom(1))
                        .rgb(),
                imageSize);
    }

    /** {@code count} held-out drawings of different captions, the same ones at every call. */
    public List<Sprite> heldOut(Split split, int count) {
        Map<String, Sprite> byName =
                sprites.get(split).stream()
                        .collect(
                                Collectors.toMap(s -> s.drawing().toString(), Function.identity()));
        Set<String> captions = new HashSet<>();
        return split.order().stream()
                .map(byName::get)
                .filter(Objects::nonNull)
                .filter(sprite -> captions.add(sprite.drawing().caption()))
                .limit(count)
                .toList();
    }

    /** The same as examples, whose captions are the plain labels, without article or colour. */
    public List<Example> heldOut(Split split, int count, Placement placement) {
        ExampleSource source = new ExampleSource(sprites.get(split), imageSize, 0, placement);
        SplittableRandom random = new SplittableRandom(1);
        return heldOut(split, count).stream()
                .map(
                        sprite ->
                                new Example(
                                        sprite.drawing().caption(),
                                        source.single(sprite, random).rgb()))
                .toList();
    }
}
