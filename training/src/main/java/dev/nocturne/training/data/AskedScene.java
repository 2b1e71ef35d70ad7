package dev.nocturne.training.data;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A scene that a model can be asked for, with two drawings by one hand that show it.
 *
 * @param caption names the two objects and how they stand
 */
public record AskedScene(Sprite first, Relation relation, Sprite second, String caption) {

    private static final String RESOURCE = "/art/scenes.tsv";

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
    }

    /**
     * The scenes of one kind, of which no two share an object, the four relations in turn. They
     * were chosen once and are listed by name, so that all models are asked for the same.
     *
     * @param sprites that training sees; scenes of others are left out
     * @param count at most
     * @param readable captions that the model takes
     */
    public static List<AskedScene> list(
            Kind kind, List<Sprite> sprites, int count, Predicate<String> readable) {
        Map<String, Sprite> byName =
                sprites.stream()
                        .collect(
                                Collectors.toMap(s -> s.drawing().toString(), Function.identity()));
        return ArtTable.rows(RESOURCE).stream()
                .filter(row -> row[0].equals(kind.label()))
                .filter(row -> byName.containsKey(row[1]) && byName.containsKey(row[3]))
                .map(
                        row ->
                                of(
                                        kind,
                                        byName.get(row[1]),
                                        Relation.ofPhrase(row[2]),
                                        byName.get(row[3])))
                .filter(scene -> readable.test(scene.caption))
                .limit(count)
                .toList();
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
