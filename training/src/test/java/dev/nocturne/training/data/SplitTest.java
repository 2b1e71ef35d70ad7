package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SplitTest {

    private final List<Drawing> art = EmojiArt.load();
    private final Map<Drawing, Split> sides = Split.assign(art);

    @Test
    void everyDrawingHasASide() {
        assertThat(sides).hasSameSizeAs(art).containsOnlyKeys(art);
    }

    @Test
    void drawingsOfOneConceptByOneFamilyStayTogether() {
        Map<String, Split> sideOfFamily = new HashMap<>();
        for (Drawing drawing : art) {
            Split side = sides.get(drawing);
            Split earlier = sideOfFamily.put(drawing.codepoints() + "/" + drawing.family(), side);
            assertThat(earlier).as(drawing.toString()).isIn(null, side);
        }
    }

    @Test
    void fluentStylesAreOneFamily() {
        assertThat(art)
                .filteredOn(drawing -> drawing.source().startsWith("fluent"))
                .hasSizeGreaterThan(2000)
                .allMatch(drawing -> drawing.family().equals("fluent"));
    }

    @Test
    void everyHeldOutConceptIsTrainedOnInOtherDrawings() {
        Map<String, Set<Split>> sidesOfConcept = new TreeMap<>();
        for (Drawing drawing : art) {
            sidesOfConcept
                    .computeIfAbsent(drawing.codepoints(), concept -> new TreeSet<>())
                    .add(sides.get(drawing));
        }
        assertThat(sidesOfConcept.values()).allMatch(used -> used.contains(Split.TRAIN));
    }

    @Test
    void halfOfTheConceptsLoseAFamilyToTestAndAQuarterToValidation() {
        Map<String, Set<String>> families = new TreeMap<>();
        Map<Split, Set<String>> concepts = new TreeMap<>();
        for (Drawing drawing : art) {
            families.computeIfAbsent(drawing.codepoints(), c -> new TreeSet<>())
                    .add(drawing.family());
            concepts.computeIfAbsent(sides.get(drawing), s -> new TreeSet<>())
                    .add(drawing.codepoints());
        }
        double four = families.values().stream().filter(f -> f.size() >= 4).count();
        double five = families.values().stream().filter(f -> f.size() >= 5).count();
        assertThat(concepts.get(Split.TEST).size() / four).isCloseTo(0.5, within(0.05));
        assertThat(concepts.get(Split.VALIDATION).size() / five).isCloseTo(0.25, within(0.05));
    }

    @Test
    void theHeldOutDrawingsAreThoseOfEveryModel() {
        assertThat(Split.VALIDATION.order())
                .hasSize(311)
                .startsWith("noto:ambulance", "fxemoji:linkedpaperclips");
        assertThat(Split.TEST.order())
                .hasSize(592)
                .startsWith("emojione:muted-speaker", "fluent-emoji:bus");
        assertThat(digest("/art/held-out.tsv")).isEqualTo("ad8dc56bebb11216");
        assertThat(JudgedArt.names()).hasSize(5647);
        assertThat(digest("/art/judged.txt")).isEqualTo("5643e4eac270866a");
    }

    @Test
    void whatIsListedExistsAndNoIconIsHeldOut() {
        List<String> names = art.stream().map(Drawing::toString).toList();
        assertThat(names).containsAll(Split.VALIDATION.order()).containsAll(Split.TEST.order());
        assertThat(names).containsAll(JudgedArt.names());
        assertThat(Split.assign(IconArt.load(art)).values()).containsOnly(Split.TRAIN);
    }

    /** The first 16 digits of a resource's SHA-256. */
    static String digest(String resource) {
        try (InputStream bytes = SplitTest.class.getResourceAsStream(resource)) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.readAllBytes());
            return HexFormat.of().formatHex(digest).substring(0, 16);
        } catch (IOException | NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
