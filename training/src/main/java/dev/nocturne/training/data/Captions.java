package dev.nocturne.training.data;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** English noun phrases out of emoji labels: "a red apple", "an owl", "grapes". */
public final class Captions {

    /** Labels that are names, gerunds, adjectives or states: they take no article and no colour. */
    private static final Set<String> FIXED =
            Set.of(
                    "building construction",
                    "camping",
                    "construction",
                    "cooking",
                    "dashing away",
                    "dizzy",
                    "foggy",
                    "high voltage",
                    "hundred points",
                    "kaaba",
                    "locked",
                    "locked with key",
                    "locked with pen",
                    "milky way",
                    "mount fuji",
                    "night with stars",
                    "performing arts",
                    "rolling on the floor laughing",
                    "speaker high volume",
                    "speaker low volume",
                    "speaker medium volume",
                    "star-struck",
                    "statue of liberty",
                    "tokyo tower",
                    "unlocked",
                    "wedding",
                    "zzz");

    /** Substances, dishes, games and other things that are not counted: no article. */
    private static final Set<String> MASS =
            Set.of(
                    "bacon",
                    "badminton",
                    "baguette bread",
                    "bowling",
                    "bread",
                    "broccoli",
                    "butter",
                    "canned food",
                    "cooked rice",
                    "coral",
                    "curry rice",
                    "dango",
                    "dna",
                    "falafel",
                    "field hockey",
                    "fire",
                    "fog",
                    "garlic",
                    "ice",
                    "ice hockey",
                    "lacrosse",
                    "light rail",
                    "lipstick",
                    "luggage",
                    "mate",
                    "meat on bone",
                    "money with wings",
                    "nail polish",
                    "oden",
                    "ping pong",
                    "popcorn",
                    "pouring liquid",
                    "sake",
                    "salt",
                    "shaved ice",
                    "soap",
                    "spaghetti",
                    "sushi",
                    "tennis",
                    "thread",
                    "wood",
                    "yarn");

    private static final Map<Integer, String> NUMBERS = Map.of(2, "two", 3, "three", 4, "four");

    /** The words that end the noun which the rest of a label describes. */
    private static final Pattern TAIL =
            Pattern.compile(
                    " (with|without|of|in|on|over|at|to|for|from|behind|holding|showing|blowing"
                            + "|exhaling|screaming|savoring|vomiting|fluttering|and)\\b.*");

    private static final Map<String, String> IRREGULAR_PLURALS =
            Map.of("fish", "fish", "mouse", "mice", "tooth", "teeth", "goose", "geese");

    private static final Set<String> SINGULAR_IN_S = Set.of("rhinoceros");
    private static final Set<String> PLURAL_IN_IS = Set.of("skis");

    private static final Pattern VOWEL_SOUND =
            Pattern.compile("([aeio]|u(?!ni)|hour|herb|x-ray).*"); // an umbrella, but a unicorn
    private static final Pattern CONSONANT_SOUND = Pattern.compile("(eu|ew|one\\b).*");

    private static final Pattern COLOUR_WORD =
            Pattern.compile(
                    "\\b(red|orange|yellow|green|blue|purple|pink|brown|black|white|grey|gray"
                            + "|golden|blond|rainbow)\\b");

    private Captions() {}

    /** The label alone, with its colour before it where one is given and can be said. */
    static String label(Drawing drawing, Optional<String> colour) {
        return colour.filter(word -> takesColour(drawing))
                .map(word -> word + " " + drawing.caption())
                .orElse(drawing.caption());
    }

    /** The label as a noun phrase with the article it needs. */
    static String nounPhrase(Drawing drawing, Optional<String> colour) {
        String label = label(drawing, colour);
        return takesArticle(drawing.caption()) ? article(label) + " " + label : label;
    }

    /** The label in the plural after a number: "two red hearts", "three slices of pizza". */
    static String several(int count, Drawing drawing, Optional<String> colour) {
        String label = label(drawing, colour);
        String head = TAIL.matcher(label).replaceFirst("");
        int noun = head.lastIndexOf(' ') + 1;
        return NUMBERS.get(count)
                + " "
                + head.substring(0, noun)
                + plural(head.substring(noun))
                + label.substring(head.length());
    }

    private static String plural(String noun) {
        if (IRREGULAR_PLURALS.containsKey(noun)) {
            return IRREGULAR_PLURALS.get(noun);
        }
        if (noun.matches(".*(s|x|z|ch|sh|[^aeiou]o)")) {
            return noun + "es";
        }
        return noun.matches(".*[^aeiou]y") ? noun.replaceFirst("y$", "ies") : noun + "s";
    }

    /** Two noun phrases with the words between them. */
    static String scene(
            Drawing first,
            Optional<String> firstColour,
            String phrase,
            Drawing second,
            Optional<String> secondColour) {
        return nounPhrase(first, firstColour)
                + " "
                + phrase
                + " "
                + nounPhrase(second, secondColour);
    }

    /** Whether a caption says what colour something has. */
    public static boolean namesColour(String caption) {
        return COLOUR_WORD.matcher(caption).find();
    }

    /** Whether a measured colour word may stand before the label: it names no colour itself. */
    static boolean takesColour(Drawing drawing) {
        return !FIXED.contains(drawing.caption()) && !namesColour(drawing.caption());
    }

    static boolean takesArticle(String label) {
        return !FIXED.contains(label) && !MASS.contains(label) && !isPlural(label);
    }

    static String article(String phrase) {
        boolean vowel =
                VOWEL_SOUND.matcher(phrase).matches() && !CONSONANT_SOUND.matcher(phrase).matches();
        return vowel ? "an" : "a";
    }

    private static boolean isPlural(String label) {
        String head = TAIL.matcher(label).replaceFirst("");
        String noun = head.substring(head.lastIndexOf(' ') + 1);
        return PLURAL_IN_IS.contains(noun)
                || noun.endsWith("s")
                        && !noun.matches(".*(ss|us|is)")
                        && !SINGULAR_IN_S.contains(noun);
    }
}
