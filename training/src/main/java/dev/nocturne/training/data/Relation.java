package dev.nocturne.training.data;

import java.util.Arrays;

/**
 * Where the first object of a scene stands, seen from the second. A share of the object pairs is
 * held out of training scenes, so that a model can be asked for combinations it never saw.
 */
public enum Relation {
    LEFT_OF("to the left of"),
    RIGHT_OF("to the right of"),
    ABOVE("above"),
    BELOW("below");

    private final String phrase;

    Relation(String phrase) {
        this.phrase = phrase;
    }

    /** The words between the two objects. */
    public String phrase() {
        return phrase;
    }

    static Relation ofPhrase(String phrase) {
        return Arrays.stream(values())
                .filter(relation -> relation.phrase.equals(phrase))
                .findFirst()
                .orElseThrow();
    }

    /** The same layout, seen from the first object. */
    public Relation converse() {
        return switch (this) {
            case LEFT_OF -> RIGHT_OF;
            case RIGHT_OF -> LEFT_OF;
            case ABOVE -> BELOW;
            case BELOW -> ABOVE;
        };
    }

    /**
     * Whether training scenes never show {@code first} in this relation to {@code second}, both
     * given by their code points: one unordered pair in five is held out altogether, and of every
     * other pair one of its four layouts.
     */
    public boolean heldOut(String first, String second) {
        boolean ordered = first.compareTo(second) <= 0;
        Relation seenFromLesser = ordered ? this : converse();
        long hash = ordered ? Split.hash(first, second) : Split.hash(second, first);
        return heldOutPair(first, second)
                || Math.floorMod(hash >>> 8, values().length) == seenFromLesser.ordinal();
    }

    /** Whether training scenes never show the two concepts together, in either order. */
    public static boolean heldOutPair(String first, String second) {
        boolean ordered = first.compareTo(second) <= 0;
        long hash = ordered ? Split.hash(first, second) : Split.hash(second, first);
        return Math.floorMod(hash, 5) == 0;
    }
}
