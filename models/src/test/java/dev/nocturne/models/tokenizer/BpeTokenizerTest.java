package dev.nocturne.models.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.format.InvalidModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BpeTokenizerTest {

    /** The first merges of CLIP's own list. */
    private static final List<String> CLIP_MERGES =
            List.of("i n", "t h", "a n", "r e", "a r", "e r", "th e</w>", "in g</w>");

    private final BpeTokenizer tokenizer = new BpeTokenizer(CLIP_MERGES, 16);

    @TempDir Path folder;

    @Test
    void tokensAreClips() {
        assertThat(tokenizer.encode("the")).containsExactly(518);
        assertThat(tokenizer.encode("a")).containsExactly(320);
        assertThat(tokenizer.encode("!")).containsExactly(256);
        // e.g. "r", "in", and "g" at the end of the word, which the mark keeps apart from "g"
        assertThat(tokenizer.encode("ring")).containsExactly(81, 519);
        assertThat(tokenizer.encode("in")).containsExactly(72, 333);
        assertThat(tokenizer.vocabularySize()).isEqualTo(520);
    }

    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            delimiter = '|',
            value = {
                "  The\t RING \u00a0 |the ring",
                "two dogs' 42nd|two dogs ' 4 2 nd",
                "it's she'll|it 's she 'll",
                "red-hot!!!|red - hot !!!",
                "Cafe\u0301 ÉTÉ|café été",
                "\uD83D\uDC36 狗 ٣|\uD83D\uDC36 狗 ٣",
            })
    void decodesToTheNormalisedWords(String caption, String text) {
        BpeTokenizer roomy = new BpeTokenizer(CLIP_MERGES, 64);
        assertThat(roomy.decode(roomy.encode(caption))).isEqualTo(text);
    }

    @Test
    void composedAndDecomposedLettersHaveTheSameTokens() {
        assertThat(tokenizer.encode("e\u0301")).isEqualTo(tokenizer.encode("\u00e9"));
    }

    /**
     * The goldens are those of openai's own tokenizer, over a few merges; see import_goldens.py.
     */
    @Test
    void trickyCaptionsHaveClipsTokens() throws IOException {
        List<String> merges;
        try (InputStream in = resource("bpe.txt.gz")) {
            String lines =
                    new String(new GZIPInputStream(in).readAllBytes(), StandardCharsets.UTF_8);
            merges = lines.lines().skip(1).toList();
        }
        BpeTokenizer roomy = new BpeTokenizer(merges, 1000);
        JsonNode goldens;
        try (InputStream in = resource("tokens.json")) {
            goldens = new ObjectMapper().readTree(in);
        }
        for (JsonNode golden : goldens) {
            String caption = golden.path("caption").textValue();
            int[] tokens =
                    StreamSupport.stream(golden.path("tokens").spliterator(), false)
                            .mapToInt(JsonNode::intValue)
                            .toArray();
            assertThat(roomy.encode(caption)).as(caption).isEqualTo(tokens);
        }
        assertThat(goldens).hasSizeGreaterThan(20);
    }

    private static InputStream resource(String name) {
        return BpeTokenizerTest.class.getResourceAsStream("/imports/clip/" + name);
    }

    @Test
    void everyByteIsATokenOfItsOwn() {
        int[] bytes = new int[256];
        for (int token = 0; token < bytes.length; token++) {
            bytes[token] = token;
        }
        assertThat(BpeTokenizer.byteVocabulary()).doesNotHaveDuplicates().hasSize(512);
        assertThat(tokenizer.decode(bytes)).startsWith("!\"#$%&'()*+,-./0123");
    }

    @Test
    void aBlankCaptionHasNoTokens() {
        assertThat(tokenizer.encode(" \n ")).isEmpty();
    }

    @Test
    void refusesACaptionThatDoesNotFit() {
        assertThat(tokenizer.encode("the ".repeat(16))).hasSize(16);
        assertThatExceptionOfType(CaptionTooLongException.class)
                .isThrownBy(() -> tokenizer.encode("the ".repeat(17)))
                .withMessage("the caption has 17 tokens and 16 fit: shorten it");
    }

    @Test
    void dropoutSpellsTheSameTextInMoreTokens() {
        SplittableRandom random = new SplittableRandom(1);
        int longer = 0;
        for (int i = 0; i < 1000; i++) {
            int[] tokens = tokenizer.encode("the", 0.1, random);
            assertThat(tokenizer.decode(tokens)).isEqualTo("the");
            longer += tokens.length > 1 ? 1 : 0;
        }
        // either of the two merges is missed: 1 - 0.9² = 0.19, give or take four deviations
        assertThat(longer).isBetween(140, 240);
    }

    @Test
    void dropoutOfNoneAndAll() {
        SplittableRandom random = new SplittableRandom(1);
        assertThat(tokenizer.encode("the ring", 0, random)).isEqualTo(tokenizer.encode("the ring"));
        assertThat(tokenizer.encode("the ring", 1, random)).hasSize(7);
    }

    @Test
    void dropoutYieldsWhereItWouldNotFit() {
        String caption = "the ".repeat(16);
        assertThat(tokenizer.encode(caption, 1, new SplittableRandom(1)))
                .isEqualTo(tokenizer.encode(caption));
    }

    @Test
    void loadsWhatItSaved() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        tokenizer.save(file);

        BpeTokenizer loaded = BpeTokenizer.load(file);

        assertThat(loaded.contextLength()).isEqualTo(16);
        assertThat(loaded.vocabularySize()).isEqualTo(520);
        assertThat(loaded.encode("the ring")).isEqualTo(tokenizer.encode("the ring"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{'contextLength':16,'merges':['a b','q']}     | merge 1, 'q', is not of two",
                "{'contextLength':16,'merges':['ab c']}        | merge 0, 'ab c', is not of two",
                "{'contextLength':16,'merges':['a b','a b']}   | merge 1, 'a b', is not of two",
                "{'contextLength':16,'merges':['a b',null]}    | no list of merges",
                "{'contextLength':16}                          | no list of merges",
                "{'contextLength':0,'merges':[]}               | contextLength is 0",
                "{'merges':[]}                                 | contextLength is 0",
                "{'contextLength':16,'merges':[],'more':1}     | more",
                "{'contextLength':16                           | Unexpected end-of-input",
                "null                                          | no list of merges",
            })
    void refusesAFileThatIsNoTokenizer(String contents, String reason) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, contents.replace('\'', '"'));

        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> BpeTokenizer.load(file))
                .withMessageStartingWith(file + ": ")
                .withMessageContaining(reason)
                .withMessageNotContaining("\n");
    }

    @Test
    void decodesOnlyTokensOfTheVocabulary() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tokenizer.decode(new int[] {520}))
                .withMessage("token 520 is not in the vocabulary of 520");
    }
}
