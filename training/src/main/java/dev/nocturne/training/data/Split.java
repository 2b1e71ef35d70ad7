package dev.nocturne.training.data;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Held-out drawings of concepts that training has seen in other drawings. They were chosen once, by
 * hashes of code points and family names, and are listed by name, so that all models are measured
 * on the same: of the concepts drawn by at least four families, half give one family to {@link
 * #TEST}; of those drawn by at least five, a quarter give one to {@link #VALIDATION}. All drawings
 * of a concept by one family share a side, so near copies never stand on both. What is not listed
 * is trained on.
 */
public enum Split {
    TRAIN,
    VALIDATION,
    TEST;

    private static final String RESOURCE = "/art/held-out.tsv";

    /** The side of every drawing. */
    public static Map<Drawing, Split> assign(Collection<Drawing> art) {
        Map<String, Split> heldOut = new HashMap<>();
        for (Split side : List.of(VALIDATION, TEST)) {
            side.order().forEach(name -> heldOut.put(name, side));
        }
        Map<Drawing, Split> sides = new HashMap<>();
        art.forEach(drawing -> sides.put(drawing, heldOut.getOrDefault(drawing.toString(), TRAIN)));
        return sides;
    }

    /**
     * The names of the held-out drawings of this side, in the order in which they are asked for.
     */
    public List<String> order() {
        String side = name().toLowerCase(Locale.ROOT);
        return ArtTable.rows(RESOURCE).stream()
                .filter(row -> row[0].equals(side))
                .map(row -> row[1])
                .toList();
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
