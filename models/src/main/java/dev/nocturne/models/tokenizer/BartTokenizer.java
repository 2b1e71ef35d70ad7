package dev.nocturne.models.tokenizer;

import java.io.IOException;
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

    private final VocabularyFile contents;
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
                new VocabularyFile(
                        contextLength,
                        BEGIN_OF_WORD,
                        new TreeMap<>(vocabulary),
                        List.copyOf(merges),
                        unknown));
    }

    private BartTokenizer(VocabularyFile contents) {
        if (contents.beginOfWord() == null) {
            throw new IllegalArgumentException("it has no vocabulary or no merges");
        }
        this.contents = contents;
        this.pairs = contents.pairs();
    }

    /** Whether this is a file of such a tokenizer. */
    static boolean isOne(Path file) throws IOException {
        return VocabularyFile.has(file, "beginOfWord");
    }

    static BartTokenizer load(Path file) throws IOException {
        return VocabularyFile.load(file, BartTokenizer::new);
    }

    @Override
    public void save(Path file) throws IOException {
        contents.save(file);
    }

    @Override
    public int contextLength() {
        return contents.contextLength();
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
        return contents.caption(tokens);
    }

    /** The tokens of a word's letters, a blank before them. */
    private int[] letters(String word) {
        return IntStream.concat(
                        IntStream.of(contents.token(contents.beginOfWord())),
                        word.chars().map(letter -> contents.token(Character.toString(letter))))
                .toArray();
    }
}
