package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrintableTextTest {

    @ParameterizedTest
    @CsvSource(
            textBlock =
                    """
                    # escape, C1's CSI, DEL, backspace, NUL
                    001b, 009b, 007f, 0008, 0000
                    # turns of direction, and their ends
                    202e, 2066, 2069, 200f, 061c
                    # separators, a byte order mark, a soft hyphen, an invisible letter
                    2028, 2029, feff, 00ad, 200b
                    # halves of surrogate pairs, and a separator
                    d800, dbff, dc00, dfff, 2028
                    """)
    void whatActsIsWrittenOut(String a, String b, String c, String d, String e) {
        for (String code : new String[] {a, b, c, d, e}) {
            String text = "x" + (char) Integer.parseInt(code, 16) + "y";
            assertThat(PrintableText.of(text)).isEqualTo("x\\u" + code + "y");
            assertThat(PrintableText.lines(text)).isEqualTo("x\\u" + code + "y");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a red apple",
                "père Noël ☃",
                "日本語",
                "\ud83d\udc69‍\ud83d\ude80",
                "می‌خواهم",
                "\\"
            })
    void whatIsSeenStays(String text) {
        assertThat(PrintableText.of(text)).isSameAs(text);
    }

    @Test
    void onlyLinesKeepLineFeeds() {
        assertThat(PrintableText.of("a\tb\nc")).isEqualTo("a\\u0009b\\u000ac");
        assertThat(PrintableText.lines("a\tb\r\nc\rd\u001b[2J"))
                .isEqualTo("a\tb\r\nc\\u000dd\\u001b[2J");
        assertThat(PrintableText.of(null)).isNull();
    }

    @Test
    void beyondTheBasicPlaneBothUnitsAreWritten() {
        assertThat(PrintableText.of("\udb40\udc41")).isEqualTo("\\udb40\\udc41"); // a tag letter
    }
}
