package dev.nocturne.training.data;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Held-out drawings of concepts that training has seen in other drawings. Of the concepts drawn by
 * at least four families, half give one family to {@link #TEST}; of those drawn by at least five, a
 * quarter give one to {@link #VALIDATION}. All drawings of a concept by one family share a side, so
 * near copies never stand on both. The choice depends on nothing but hashes of code points and
 * family names.
 */
public enum Split {
    TRAIN,
    VALIDATION,
    TEST;

    private static final int FAMILIES_FOR_TEST = 4;
    private static final int FAMILIES_FOR_VALIDATION = 5;

    /**
     * The side of every drawing. Pass the whole art: the families of a concept are counted in it.
     */
    public static Map<Drawing, Split> assign(Collection<Drawing> art) {
        Map<String, Set<String>> families = new TreeMap<>();
        for (Drawing drawing : art) {
            families.computeIfAbsent(drawing.codepoints(), concept -> new TreeSet<>())
                    .add(drawing.family());
        }
        Map<Drawing, Split> sides = new HashMap<>();
        for (Drawing drawing : art) {
            sides.put(
                    drawing,
                    side(
                            drawing.codepoints(),
                            drawing.family(),
                            families.get(drawing.codepoints())));
        }
        return sides;
    }

    private static Split side(String concept, String family, Set<String> families) {
        List<String> ranked = new ArrayList<>(families);
        ranked.sort(
                Comparator.comparingLong((String name) -> hash(concept, name))
                        .thenComparing(Comparator.naturalOrder()));
        if (families.size() >= FAMILIES_FOR_TEST
                && Math.floorMod(hash(concept, "test"), 2) == 0
                && family.equals(ranked.get(0))) {
            return TEST;
        }
        if (families.size() >= FAMILIES_FOR_VALIDATION
                && Math.floorMod(hash(concept, "validation"), 4) == 0
                && family.equals(ranked.get(1))) {
            return VALIDATION;
        }
        return TRAIN;
    }

    /** FNV-1a over both strings, finished with MurmurHash3's mixer so that low bits are usable. */
    static long hash(String first, String second) {
        long hash = 0xcbf29ce484222325L;
        for (char c : (first + '\n' + second).toCharArray()) {
            hash = (hash ^ c) * 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return hash ^ (hash >>> 33);
    }
}
