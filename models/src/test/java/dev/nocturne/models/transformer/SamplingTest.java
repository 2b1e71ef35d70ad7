package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplingTest {

    @Test
    void acceptsTheBounds() {
        assertThat(new Sampling(10, 0, 1, 100)).isEqualTo(new Sampling(10, 0, 1, 100));
        assertThat(new Sampling(Double.MIN_VALUE, 1, Double.MIN_VALUE, 1).topK()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 1, 1, \'temperature is 0.0: choose above 0, at most 10'",
        "10.5, 0, 1, 1, \'temperature is 10.5: choose above 0, at most 10'",
        "NaN, 0, 1, 1, \'temperature is NaN: choose above 0, at most 10'",
        "1, -1, 1, 1, \'topK is -1: choose at least 1, or 0 for no limit'",
        "1, 0, 0, 1, \'topP is 0.0: choose above 0, below 1, or 1 for no limit'",
        "1, 0, 1.5, 1, \'topP is 1.5: choose above 0, below 1, or 1 for no limit'",
        "1, 0, NaN, 1, \'topP is NaN: choose above 0, below 1, or 1 for no limit'",
        "1, 0, 1, 0.9, 'guidance is 0.9: choose 1 (off) to 100'",
        "1, 0, 1, 101, 'guidance is 101.0: choose 1 (off) to 100'",
        "1, 0, 1, NaN, 'guidance is NaN: choose 1 (off) to 100'",
    })
    void namesTheValueAndTheRemedy(
            double temperature, int topK, double topP, double guidance, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Sampling(temperature, topK, topP, guidance))
                .withMessage(message);
    }
}
