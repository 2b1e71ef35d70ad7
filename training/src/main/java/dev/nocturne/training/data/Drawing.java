package dev.nocturne.training.data;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One drawing of one concept: an SVG icon and the caption that names it. A concept is identified by
 * its Unicode code points; several vendors drew each concept, some of them in several styles.
 *
 * @param source icon set, for instance {@code noto}
 * @param name the icon's name within its set
 * @param codepoints hexadecimal code points, joined by {@code -}: the concept's identity
 * @param caption CLDR English label, lower case, without punctuation
 * @param licence the licence of the art as its set states it
 * @param group CLDR group, for instance {@code food-drink}
 * @param subgroup CLDR subgroup, for instance {@code food-fruit}
 * @param tags CLDR search keywords
 * @param sceneWorthy whether the picture is one of the objects that scenes are made of
 * @param svg the document
 */
public record Drawing(
        String source,
        String name,
        String codepoints,
        String caption,
        String licence,
        String group,
        String subgroup,
        List<String> tags,
        boolean sceneWorthy,
        String svg) {

    /**
     * Subgroups that show a thing, an animal, food, a plant, a face, a vehicle, a place or weather.
     */
    private static final Set<String> THINGS =
            Set.of(
                    // activities
                    "arts-crafts",
                    "award-medal",
                    "event",
                    "game",
                    "sport",
                    // animals-nature
                    "animal-amphibian",
                    "animal-bird",
                    "animal-bug",
                    "animal-mammal",
                    "animal-marine",
                    "animal-reptile",
                    "plant-flower",
                    "plant-other",
                    // food-drink
                    "dishware",
                    "drink",
                    "food-asian",
                    "food-fruit",
                    "food-prepared",
                    "food-sweet",
                    "food-vegetable",
                    // objects
                    "book-paper",
                    "clothing",
                    "computer",
                    "household",
                    "light-video",
                    "lock",
                    "mail",
                    "medical",
                    "money",
                    "music",
                    "musical-instrument",
                    "office",
                    "other-object",
                    "phone",
                    "science",
                    "sound",
                    "tool",
                    "writing",
                    // people-body: parts only; roles, activities and gestures are left out
                    "body-parts",
                    // smileys-emotion
                    "cat-face",
                    "emotion",
                    "face-affection",
                    "face-concerned",
                    "face-costume",
                    "face-glasses",
                    "face-hand",
                    "face-hat",
                    "face-negative",
                    "face-neutral-skeptical",
                    "face-sleepy",
                    "face-smiling",
                    "face-tongue",
                    "face-unwell",
                    "heart",
                    "monkey-face",
                    // symbols: shapes only; signs that bear text or stand for a rule are left out
                    "geometric",
                    // travel-places: all but clocks
                    "hotel",
                    "place-building",
                    "place-geographic",
                    "place-map",
                    "place-other",
                    "place-religious",
                    "sky-weather",
                    "transport-air",
                    "transport-ground",
                    "transport-water");

    /** Subgroups whose pictures bear text, tell a direction, or mean something else mirrored. */
    private static final Set<String> ONE_WAY_SUBGROUPS =
            Set.of(
                    "alphanum",
                    "arrow",
                    "av-symbol",
                    "award-medal",
                    "book-paper",
                    "computer",
                    "currency",
                    "hand-fingers-closed",
                    "hand-fingers-open",
                    "hand-fingers-partial",
                    "hand-prop",
                    "hand-single-finger",
                    "hands",
                    "keycap",
                    "mail",
                    "math",
                    "money",
                    "music",
                    "office",
                    "other-symbol",
                    "place-map",
                    "punctuation",
                    "religion",
                    "time",
                    "transport-sign",
                    "warning",
                    "zodiac");

    /** The same for single captions of other subgroups. */
    private static final Pattern ONE_WAY_CAPTION =
            Pattern.compile(
                    "(?U)\\b(left|right|leftwards|rightwards|facing|clockwise|counterclockwise|arrow"
                            + "|clock|quarter|crescent|gibbous|flag|button|sign|hundred|zzz|8|24"
                            + "|question|exclamation|symbols|increasing|decreasing|speech|calendar"
                            + "|tilted|convenience store|hotel|bank|post office|hospital|bus|taxi"
                            + "|ambulance|police car|fire engine|station|fuel pump|atm|bullseye"
                            + "|flower playing cards|joker|slot machine|mahjong red dragon|ticket"
                            + "|tickets|construction|uniform|dvd|globe|watch|compass|radio"
                            + "|blackboard|calculator|chalkboard|dice|keyboard|newspaper|stopwatch"
                            + "|galaxy|flag|slot|book|books|stapler)\\b");

    /** What each icon set's way of drawing is called in captions. */
    private static final Map<String, String> STYLES =
            Map.ofEntries(
                    Map.entry("emojione", "emojione"),
                    Map.entry("flat-color-icons", "icon"),
                    Map.entry("fluent-color", "gradient"),
                    Map.entry("fluent-emoji", "fluent"),
                    Map.entry("fluent-emoji-flat", "flat"),
                    Map.entry("fxemoji", "firefox"),
                    Map.entry("game-icons", "silhouette"),
                    Map.entry("icon-park", "bold"),
                    Map.entry("noto", "noto"),
                    Map.entry("noto-v1", "blob"),
                    Map.entry("streamline-emojis", "line"),
                    Map.entry("streamline-kameleon-color", "disc"),
                    Map.entry("streamline-plump-color", "duotone"),
                    Map.entry("streamline-ultimate-color", "outlined"),
                    Map.entry("twemoji", "twemoji"));

    /** Sets that are drawn in the two tones that {@link Paint} replaces. */
    private static final Set<String> PAINTABLE =
            Set.of("game-icons", "icon-park", "streamline-plump-color");

    /** The word for the way it is drawn, if its set has one. */
    Optional<String> style() {
        return Optional.ofNullable(STYLES.get(source));
    }

    /**
     * The hand that drew it. Microsoft's Fluent styles are near copies of each other and count as
     * one family; the other sets are drawn independently.
     */
    public String family() {
        return source.startsWith("fluent-emoji") ? "fluent" : source;
    }

    /** Whether this is a picture of something, rather than a sign, a letter or a person's role. */
    public boolean depictsThing() {
        return THINGS.contains(subgroup);
    }

    /** Whether the caption stays true when the picture is flipped from left to right. */
    public boolean mirrorable() {
        return !ONE_WAY_SUBGROUPS.contains(subgroup) && !ONE_WAY_CAPTION.matcher(caption).find();
    }

    /** Whether it may be painted in any colour: its own is but a stand-in. */
    boolean paintable() {
        return PAINTABLE.contains(source);
    }

    /** The same, which stays scene-worthy only if {@code worthy}. */
    Drawing sceneWorthy(boolean worthy) {
        return new Drawing(
                source,
                name,
                codepoints,
                caption,
                licence,
                group,
                subgroup,
                tags,
                sceneWorthy && worthy,
                svg);
    }

    /** The same under another caption. */
    Drawing called(String other) {
        return new Drawing(
                source, name, codepoints, other, licence, group, subgroup, tags, sceneWorthy, svg);
    }

    @Override
    public String toString() {
        return source + ":" + name;
    }
}
