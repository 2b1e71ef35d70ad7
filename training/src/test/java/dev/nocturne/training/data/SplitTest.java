package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
    void theSidesDoNotDependOnTheOrderOfTheArt() {
        List<Drawing> shuffled = new ArrayList<>(art);
        Collections.shuffle(shuffled, new Random(7));
        assertThat(Split.assign(shuffled)).isEqualTo(sides);
    }
}
