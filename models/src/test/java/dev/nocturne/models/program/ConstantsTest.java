package dev.nocturne.models.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.nocturne.models.transformer.AttentionPattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ConstantsTest {

    /** Layouts and masks number them so. */
    @ParameterizedTest
    @EnumSource
    void patternsHaveTheNumbersOfTheirOrder(AttentionPattern pattern) {
        assertThat(Constants.whole(pattern.name())).isEqualTo(pattern.ordinal());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "x.to(FLOAT32)|x.to(6)",
                "if pattern == ROW or pattern == OWN_ROW:|if pattern == 1 or pattern == 4:",
                "int(layout[REVERSIBLE])|int(layout[-1])",
                "MY_ROW = w[\"ROW\"]  # ROW|MY_ROW = w[\"ROW\"]  # ROW"
            })
    void namesBecomeNumbersOutsideTextsAndComments(String line, String substituted) {
        assertThat(Constants.substitute(line)).isEqualTo(substituted);
    }

    @Test
    void aNameThatIsNotDefinedIsNoNumber() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Constants.whole("FLOAT8"))
                .withMessage("constants.py does not define FLOAT8");
    }
}
