package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;

class LineJsonTest {

    private final JsonMapper lines = JsonMapper.builder(LineJson.factory()).build();

    @Test
    void noStringHoldsWhatAnyReaderTakesForTheEndOfALine() throws Exception {
        String text = "a\u2028b\u2029c\u0085d\u000Be\u000Cf\u001Cg\u001Dh\u001Ei\r\nj \"\\ ü 赤い 🍕";

        byte[] line = lines.writeValueAsBytes(text);

        assertThat(new String(line, UTF_8))
                .doesNotContainPattern("[\\u2028\\u2029\\u0085\\u000A-\\u000D\\u001C-\\u001E]")
                .contains("\\u2028", "ü 赤い");
        assertThat(lines.readValue(line, String.class)).isEqualTo(text);
        assertThat(lines.writeValueAsString(text)).doesNotContain("\u2028", "\u2029", "\u0085");
    }
}
