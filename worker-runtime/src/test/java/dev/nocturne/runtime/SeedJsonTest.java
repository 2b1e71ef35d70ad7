package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SeedJsonTest {

    private final ObjectMapper json = new ObjectMapper();

    @ParameterizedTest
    @CsvSource({
        "42, 42",
        "-9007199254740991, -9007199254740991",
        "9007199254740991, 9007199254740991",
        "9007199254740992, '\"9007199254740992\"'",
        "-9223372036854775808, '\"-9223372036854775808\"'"
    })
    void aSeedIsANumberWhereEveryReaderKeepsItElseAStringAndReadAsBoth(long seed, String written)
            throws Exception {
        ResultFile.Candidate candidate = new ResultFile.Candidate(1, 0, seed, 0.5f, -1, null);

        String line = json.writeValueAsString(candidate);

        assertThat(line).contains("\"seed\":%s,".formatted(written));
        assertThat(json.readValue(line, ResultFile.Candidate.class)).isEqualTo(candidate);
    }
}
