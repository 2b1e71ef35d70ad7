package dev.nocturne.training.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A scene that a model can be asked for, with two drawings by one hand that show it.
 *
 * @param caption names the two objects and how they stand
 */
public record AskedScene(Sprite first, Relation relation, Sprite second, String caption) {

    /** Which scenes. */
    public enum Kind {
        /** Two objects in a layout that training may show. */
        SEEN("layouts as in training"),
        /** Two objects that training shows in other layouts only. */
        HELD_OUT_RELATION("a held-out relation"),
        /** Two objects that training never shows together. */
        HELD_OUT_PAIR("held-out pairs"),
        /**
         * Two objects in two colours, in a layout that training may show. Each exists in other
         * colours, so the object alone doesn't tell its colour.
         */
        COLOURS("two colours");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }

        private boolean holds(Sprite first, Relation relation, Sprite second) {
            String one = first.drawing().codepoints();
            String other = second.drawing().codepoints();
            return switch (this) {
                case SEEN -> !relation.heldOut(one, other);
                case HELD_OUT_RELATION ->
                        relation.heldOut(one, other) && !Relation.heldOutPair(one, other);
                case HELD_OUT_PAIR -> Relation.heldOutPair(one, other);
                case COLOURS ->
                        !relation.heldOut(one, other) && !first.colour().equals(second.colour());
            };
        }
    }

    /**
     * Scenes of which no two share an object, the four relations in turn; the same ones at every
     * call.
     *
     * @param sprites that training sees
     * @param count at most; fewer if the sprites don't give so many
     * @param readable captions that the model takes
     */
    public static List<AskedScene> choose(
            Kind kind, List<Sprite> sprites, int count, Predicate<String> readable) {
        List<Sprite> shuffled =
                new ArrayList<>(kind == Kind.COLOURS ? ofSeveralColours(sprites) : sprites);
        shuffled.removeIf(sprite -> !sprite.drawing().sceneWorthy());
        Collections.shuffle(shuffled, new Random(20210224));
        Set<String> used = new HashSet<>();
        List<AskedScene> scenes = new ArrayList<>();
        for (Sprite first : shuffled) {
            if (scenes.size() < count && !used.contains(first.drawing().codepoints())) {
                Relation relation = Relation.values()[scenes.size() % Relation.values().length];
                shuffled.stream()
                        .filter(second -> !used.contains(second.drawing().codepoints()))
                        .filter(second -> byOneHand(first, second))
                        .filter(second -> kind.holds(first, relation, second))
                        .map(second -> of(kind, first, relation, second))
                        .filter(scene -> readable.test(scene.caption))
                        .findFirst()
                        .ifPresent(
                                scene -> {
                                    scenes.add(scene);
                                    used.add(scene.first.drawing().codepoints());
                                    used.add(scene.second.drawing().codepoints());
                                });
            }
        }
        return scenes;
    }

    /** Sprites with a colour word of concepts that have sprites with another. */
    private static List<Sprite> ofSeveralColours(List<Sprite> sprites) {
        Map<String, Set<String>> colours = new HashMap<>();
        for (Sprite sprite : sprites) {
            sprite.colour()
                    .filter(colour -> Captions.takesColour(sprite.drawing()))
                    .ifPresent(
                            colour ->
                                    colours.computeIfAbsent(
                                                    sprite.drawing().codepoints(),
                                                    concept -> new HashSet<>())
                                            .add(colour));
        }
        return sprites.stream()
                .filter(sprite -> sprite.colour().isPresent())
                .filter(
                        sprite ->
                                colours.getOrDefault(sprite.drawing().codepoints(), Set.of()).size()
                                        > 1)
                .toList();
    }

    private static boolean byOneHand(Sprite first, Sprite second) {
        return first.drawing().source().equals(second.drawing().source())
                && !first.drawing().codepoints().equals(second.drawing().codepoints());
    }

    private static AskedScene of(Kind kind, Sprite first, Relation relation, Sprite second) {
        boolean coloured = kind == Kind.COLOURS;
        String caption =
                Captions.scene(
                        first.drawing(),
                        coloured ? first.colour() : Optional.empty(),
                        relation.phrase(),
                        second.drawing(),
                        coloured ? second.colour() : Optional.empty());
        return new AskedScene(first, relation, second, caption);
    }
}
