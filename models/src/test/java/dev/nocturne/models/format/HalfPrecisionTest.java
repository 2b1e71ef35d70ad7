package dev.nocturne.models.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfPrecisionTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0000",
        "-0.0, 8000",
        "1, 3c00",
        "-2, c000",
        "0.333333333, 3555",
        "65504, 7bff",
        "65519.996, 7bff",
        "65520, 7c00",
        "Infinity, 7c00",
        "-Infinity, fc00",
        "NaN, 7e00",
        // 2^-14 and 2^-24, the smallest normal and the smallest of all
        "6.103515625E-5, 0400",
        "5.9604644775390625E-8, 0001",
        // half of the smallest is a tie, and zero is even; a little more is not a tie
        "2.98023223876953125E-8, 0000",
        "2.980233E-8, 0001",
        // ties between 1 + 2^-10 and its neighbours
        "1.00048828125, 3c00",
        "1.00146484375, 3c02",
        "3.4028235E38, 7c00",
    })
    void narrowsToTheNearestFloat16(float value, String expected) {
        assertThat(HalfPrecision.toFloat16(value)).isEqualTo(bits(expected));
    }

    @ParameterizedTest
    @CsvSource({
        "1, 3f80",
        "-0.0, 8000",
        "3.14159265, 4049",
        "1.00390625, 3f80",
        "1.01171875, 3f82",
        "3.4028235E38, 7f80",
        "NaN, 7fc0",
    })
    void narrowsToTheNearestBfloat16(float value, String expected) {
        assertThat(HalfPrecision.toBfloat16(value)).isEqualTo(bits(expected));
    }

    @Test
    void everyHalfSurvivesWideningAndNarrowing() {
        for (int half = 0; half < 1 << 16; half++) {
            float wide = HalfPrecision.fromFloat16((short) half);
            if (!Float.isNaN(wide)) {
                assertThat(HalfPrecision.toFloat16(wide)).isEqualTo((short) half);
            }
            float wideBrain = HalfPrecision.fromBfloat16((short) half);
            if (!Float.isNaN(wideBrain)) {
                assertThat(HalfPrecision.toBfloat16(wideBrain)).isEqualTo((short) half);
            }
        }
    }

    @Test
    void everyTieGoesToTheEvenFloat16AndEveryOtherValueToTheNearest() {
        for (int half = 0; half < 0x7bff; half++) {
            float below = HalfPrecision.fromFloat16((short) half);
            float above = HalfPrecision.fromFloat16((short) (half + 1));
            float middle = (below + above) / 2;
            int even = half + (half & 1);
            assertThat(HalfPrecision.toFloat16(middle)).isEqualTo((short) even);
            assertThat(HalfPrecision.toFloat16(Math.nextDown(middle))).isEqualTo((short) half);
            assertThat(HalfPrecision.toFloat16(Math.nextUp(middle))).isEqualTo((short) (half + 1));
        }
    }

    private static short bits(String hexadecimal) {
        return (short) Integer.parseInt(hexadecimal, 16);
    }
}
