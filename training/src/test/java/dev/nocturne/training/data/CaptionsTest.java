package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionsTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a pizza",
                "an owl",
                "an umbrella",
                "a unicorn",
                "a ewe",
                "a euro banknote",
                "a one-piece swimsuit",
                "an x-ray",
                "an herb",
                "an e-mail",
                "a 1st place medal",
                "a glass of milk",
                "a nest with eggs",
                "an octopus",
                "a rhinoceros",
                "a two-hump camel",
                "a four leaf clover",
                "a fork and knife",
                "a face with tears of joy"
            })
    void countableThingsTakeTheArticleOfTheirFirstSound(String phrase) {
        String label = phrase.substring(phrase.indexOf(' ') + 1);
        assertThat(phrase(label, null)).isEqualTo(phrase);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "grapes",
                "glasses",
                "french fries",
                "skis",
                "two hearts",
                "clinking beer mugs",
                "bread",
                "ice hockey",
                "mount fuji",
                "zzz"
            })
    void pluralsSubstancesAndNamesTakeNone(String label) {
        assertThat(phrase(label, null)).isEqualTo(label);
    }

    @ParameterizedTest
    @CsvSource({
        "owl, red, a red owl",
        "car, orange, an orange car",
        "grapes, purple, purple grapes",
        "butter, yellow, yellow butter",
    })
    void aColourWordStandsBeforeTheLabel(String label, String colour, String phrase) {
        assertThat(phrase(label, colour)).isEqualTo(phrase);
    }

    @ParameterizedTest
    @ValueSource(strings = {"green apple", "black cat", "orange circle", "rainbow", "mount fuji"})
    void labelsThatNameAColourOrAPlaceTakeNoOther(String label) {
        assertThat(phrase(label, "red")).doesNotContain("red");
    }

    @Test
    void aWordThatOnlyBeginsLikeAColourIsNone() {
        assertThat(phrase("orangutan", "orange")).isEqualTo("an orange orangutan");
    }

    @ParameterizedTest
    @CsvSource({
        "3, red heart, , three red hearts",
        "2, bus, blue, two blue buses",
        "4, butterfly, , four butterflies",
        "2, monkey, , two monkeys",
        "2, tomato, , two tomatoes",
        "3, fish, yellow, three yellow fish",
        "2, slice of pizza, , two slices of pizza",
    })
    void severalAreCounted(int count, String label, String colour, String phrase) {
        Drawing drawing = Drawings.box("1F0", label, "#000");
        assertThat(Captions.several(count, drawing, Optional.ofNullable(colour))).isEqualTo(phrase);
    }

    private static String phrase(String label, String colour) {
        return Captions.nounPhrase(Drawings.box("1F0", label, "#000"), Optional.ofNullable(colour));
    }
}
