package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CounterRandomTest {

    /** The known answers of Random123, {@code tests/kat_vectors}, "philox4x32 10". */
    @ParameterizedTest
    @CsvSource({
        "00000000 00000000 00000000 00000000, 00000000 00000000,"
                + " 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff,"
                + " 408f276d 41c83b0e a20bc7c6 6d5451fd",
        "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0,"
                + " d16cfe09 94fdcceb 5001e420 24126ea1",
    })
    void givesTheKnownAnswers(String counter, String key, String answer) {
        assertThat(CounterRandom.philox(words(counter), words(key))).isEqualTo(words(answer));
    }

    @Test
    void takesTheFirst24BitsOfTheFirstWord() {
        assertThat(CounterRandom.uniform(0, 0)).isEqualTo(0x6627e8 / 16777216f);
    }

    @Test
    void isUniform() {
        int draws = 100_000;
        int[] tenths = new int[10];
        for (int position = 0; position < draws; position++) {
            float number = CounterRandom.uniform(-5, position);
            assertThat(number).isGreaterThanOrEqualTo(0).isLessThan(1);
            tenths[(int) (number * 10)]++;
        }
        // 10,000 each, give or take five deviations of 95
        for (int count : tenths) {
            assertThat(count).isBetween(9_525, 10_475);
        }
    }

    @Test
    void everyBitOfSeedAndPositionCounts() {
        float base = CounterRandom.uniform(0, 0);
        for (int bit = 0; bit < Long.SIZE; bit++) {
            assertThat(CounterRandom.uniform(1L << bit, 0)).isNotEqualTo(base);
            assertThat(CounterRandom.uniform(0, 1L << bit)).isNotEqualTo(base);
        }
    }

    private static int[] words(String hexadecimal) {
        String[] words = hexadecimal.split(" ");
        int[] numbers = new int[words.length];
        for (int i = 0; i < words.length; i++) {
            numbers[i] = Integer.parseUnsignedInt(words[i], 16);
        }
        return numbers;
    }
}
