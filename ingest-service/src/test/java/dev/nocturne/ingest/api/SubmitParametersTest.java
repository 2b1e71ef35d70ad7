package dev.nocturne.ingest.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.ingest.IngestException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubmitParametersTest {

    @ParameterizedTest
    @CsvSource({
        "candidates, many,  candidates is \"many\": must be an integer",
        "candidates, 513,   candidates is 513: must be 1 to 512",
        "temperature, hot,  temperature is \"hot\": must be a number",
        "output_format, gif, 'output_format is ''gif'': must be png, jpeg or webp'",
        "top, '',           top is \"\": must be an integer",
        "webdataset, yes,   webdataset is 'yes': must be true or false",
        "completion_window, null, 'completion_window is ''null'': write it like ''24h'', at most ''7d'''",
    })
    void aParameterThatIsWrongIsToldOnce(String name, String value, String message) {
        assertThatThrownBy(() -> SubmitParameters.parse(Map.of(name, value)))
                .isInstanceOfSatisfying(
                        IngestException.class,
                        e ->
                                assertThat(e.problems())
                                        .singleElement()
                                        .satisfies(
                                                problem -> {
                                                    assertThat(problem.line()).isNull();
                                                    assertThat(problem.param()).isEqualTo(name);
                                                    assertThat(problem.message())
                                                            .isEqualTo(message);
                                                }));
    }

    @Test
    void aParameterThatIsNotKnownIsRefused() {
        assertThatThrownBy(() -> SubmitParameters.parse(Map.of("candidats", "64")))
                .hasMessageStartingWith("unknown parameter 'candidats': known are filename");
    }
}
