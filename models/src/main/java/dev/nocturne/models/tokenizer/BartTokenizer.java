package dev.nocturne.models.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.models.format.InvalidModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Captions to tokens as min-dalle reads them for DALL·E mini: byte-pair encoding of whole words
 * between blanks, with the vocabulary and the merges of BART. Letters are lower-cased; what is not
 * ASCII is left out, emoji among it, whose names min-dalle writes in their place. A piece that is
 * not in the vocabulary is the unknown token.
 *
 * <p>The tokens that begin and end a caption are the transformer's. Immutable.
 */
public final class BartTokenizer implements CaptionTokenizer {
    /** A blank in the spelling of GPT-2's vocabularies. */
    private static final String BEGIN_OF_WORD = "\u0120";

    private static final Pattern NOT_ASCII = Pattern.compile("[^\\x00-\\x7f]");

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    /**
     * The file's contents.
     *
     * @param beginOfWord stands before the first letter of each word
     * @param vocabulary tokens by their spelling
     * @param unknown the token of what has none
     */
    private record TokenizerFile(
            int contextLength,
            String beginOfWord,
            Map<String, Integer> vocabulary,
            List<String> merges,
            int unknown) {}

    private final TokenizerFile contents;
    private final PairMerges pairs;

    /**
     * @param vocabulary tokens by their spelling
     * @param merges {@code "left right"}, by rank
     * @param unknown the token of what is not in the vocabulary
     * @param contextLength the most tokens a caption may have
     * @throws IllegalArgumentException if a merge is not of two tokens to a third
     */
    public BartTokenizer(
            Map<String, Integer> vocabulary, List<String> merges, int unknown, int contextLength) {
        this(
                new TokenizerFile(
                        contextLength,
                        BEGIN_OF_WORD,
                        new TreeMap<>(vocabulary),
                        List.copyOf(merges),
                        unknown));
    }

    private BartTokenizer(TokenizerFile contents) {
        if (contents.beginOfWord == null
                || contents.vocabulary == null
                || contents.merges == null) {
            throw new IllegalArgumentException("it has no vocabulary or no merges");
        }
        if (contents.contextLength < 1) {
            throw new IllegalArgumentException(
                    "contextLength is %d: it must be at least 1".formatted(contents.contextLength));
        }
        this.contents = contents;
        this.pairs = PairMerges.of(contents.vocabulary, contents.merges);
    }

    /** Whether this is a file of such a tokenizer. */
    static boolean isOne(Path file) throws IOException {
        try {
            return JSON.readTree(Files.readAllBytes(file)).has("beginOfWord");
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    static BartTokenizer load(Path file) throws IOException {
        try {
            return new BartTokenizer(JSON.readValue(Files.readAllBytes(file), TokenizerFile.class));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new InvalidModelException(
                    "%s: %s; copy or import it again"
                            .formatted(file, e.getMessage().lines().findFirst().orElse("")));
        }
    }

    @Override
    public void save(Path file) throws IOException {
        Files.write(file, JSON.writeValueAsBytes(contents));
    }

    @Override
    public int contextLength() {
        return contents.contextLength;
    }

    @Override
    public int[] encode(String caption) {
        int[] tokens =
                Stream.of(
                                NOT_ASCII
                                        .matcher(caption.toLowerCase(Locale.ROOT))
                                        .replaceAll("")
                                        .split(" "))
                        .filter(word -> !word.isEmpty())
                        .flatMapToInt(word -> pairs.merge(letters(word), () -> true))
                        .toArray();
        if (tokens.length > contents.contextLength) {
            throw new CaptionTooLongException(tokens.length, contents.contextLength);
        }
        return tokens;
    }

    /** The tokens of a word's letters, a blank before them. */
    private int[] letters(String word) {
        return IntStream.concat(
                        IntStream.of(token(contents.beginOfWord)),
                        word.chars().map(letter -> token(Character.toString(letter))))
                .toArray();
    }

    private int token(String spelling) {
        return contents.vocabulary.getOrDefault(spelling, contents.unknown);
    }
}
