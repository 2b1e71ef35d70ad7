package dev.nocturne.models.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The goldens are those of clip-anytorch with ftfy and of transformers; see caption_goldens.py. */
class CaptionTextTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CAFÉ™",
                "MENÜ™",
                "NOËL™",
                "MÜNCHEN… ÖL™",
                "ŁÓDŹ®",
                "Ångström",
                "Ä© Ö",
                "Москва",
                "ΓΑΤΑ",
                "北京",
                "5 µm ±2°",
                "naïve — déjà-vu",
                "«À la carte»"
            })
    void leavesWhatIsRight(String caption) {
        assertThat(CaptionText.repair(caption)).isEqualTo(caption);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RENÉ’s hat                | RENÉ's hat",
                "OLÉ…                      | OLÉ…",
                "SEÑOR’s ÑANDÚ…            | SEÑOR's ÑANDÚ…",
                "cafÃ© itâ€™s naÃ¯ve       | café it's naïve",
                "CAFÃ‰ â€œOLÃ‰â€\u009d Ł   | CAFÉ \"OLÉ\" Ł",
                "Ã  la carte               | à la carte",
                "mojibake, 2x: ÃƒÂ©        | mojibake, 2x: é",
                "ðŸ�¶ dog                  | � dog",
                "Ø§Ù„Ù‚Ø·Ø©             | القطة",
                "caf&EACUTE; &NotEqualTilde; &amp;lt; &#233; &eacute | cafÉ ≂̸ < é é",
                "<b>&amp; cafÃ©</b>        | <b>& café</b>",
                "Ｔｏｋｙｏ ﬁre ĳ ＄          | Tokyo fire ij $",
            })
    void repairsWhatIsWrong(String caption, String repaired) {
        assertThat(CaptionText.repair(caption)).isEqualTo(repaired);
    }

    @Test
    void tokensAreThoseOfTheLibraries() throws IOException {
        BpeTokenizer tokenizer = new BpeTokenizer(merges(), 1000);
        JsonNode goldens;
        try (InputStream in = new GZIPInputStream(resource("captions.json.gz"))) {
            goldens = new ObjectMapper().readTree(in);
        }
        assertThat(goldens).hasSize(400);
        for (JsonNode golden : goldens) {
            assertTokens(tokenizer, golden, "ftfy");
            assertTokens(tokenizer.with(CaptionCleaning.TRANSFORMERS), golden, "transformers");
        }
    }

    @Test
    void takesAnyCharacters() {
        SplittableRandom random = new SplittableRandom(1);
        String often =
                "ÃÂâ€™ðŸ¶Ø§ŁœÉ\u0080\u0092\u00a0\u001a\ufffd\ud83d\udc36\u001b[31m&#x;<? \r\n";
        for (int i = 0; i < 5000; i++) {
            StringBuilder caption = new StringBuilder();
            for (int length = random.nextInt(30); length > 0; length--) {
                caption.append(
                        random.nextInt(10) == 0
                                ? (char) random.nextInt(0x10000)
                                : often.charAt(random.nextInt(often.length())));
            }
            assertThat(CaptionText.repair(caption.toString())).isNotNull();
        }
    }

    private static void assertTokens(BpeTokenizer tokenizer, JsonNode golden, String library) {
        if (golden.path(library).isArray()) {
            String caption = golden.path("caption").textValue();
            int[] tokens =
                    StreamSupport.stream(golden.path(library).spliterator(), false)
                            .mapToInt(JsonNode::intValue)
                            .toArray();
            assertThat(tokenizer.encode(caption)).as("%s: %s", library, caption).isEqualTo(tokens);
        }
    }

    private static List<String> merges() throws IOException {
        try (InputStream in = new GZIPInputStream(resource("bpe.txt.gz"))) {
            String lines = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return lines.lines().skip(1).toList();
        }
    }

    private static InputStream resource(String name) {
        return CaptionTextTest.class.getResourceAsStream("/imports/clip/" + name);
    }
}
