package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlainTextTest {

    /** Java takes U+001C to U+001F for white space, Unicode does not. */
    @ParameterizedTest
    @CsvSource({
        "' a \u3000\n cat\u0085', 'a cat'",
        "'\t\u2028 ', ''",
        "'', ''",
        "'a\u001C', 'a\u001C'",
        "'\u001F a', '\u001F a'",
    })
    void whiteSpaceIsOneBlankAndNothingElseGoes(String text, String line) {
        assertThat(PlainText.onOneLine(text)).isEqualTo(line);
    }
}
