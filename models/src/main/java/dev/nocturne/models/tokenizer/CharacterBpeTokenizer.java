package dev.nocturne.models.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Captions to tokens as kakaobrain's minDALL-E reads them: byte-pair encoding of characters, not of
 * bytes, by the {@code CharBPETokenizer} of Hugging Face's tokenizers with its normaliser and
 * splitter of BERT, lower-cased. A character that is not in the vocabulary is the unknown token.
 *
 * <p>Names of special tokens in a caption are text like any other. Immutable.
 */
public final class CharacterBpeTokenizer implements CaptionTokenizer {
    private static final String END_OF_WORD = "</w>";

    private static final Pattern BLANKS = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    /** What BERT's splitter sets apart: punctuation, which in ASCII is whatever is no letter. */
    private static final Pattern WORD =
            Pattern.compile("[\\p{P}!-/:-@\\[-`{-~]|[^\\p{P}!-/:-@\\[-`{-~]+");

    /** Blocks of Han characters, around which BERT's normaliser sets blanks. */
    private static final Pattern HAN =
            Pattern.compile(
                    "[\\x{4E00}-\\x{9FFF}\\x{3400}-\\x{4DBF}\\x{20000}-\\x{2A6DF}\\x{2A700}-\\x{2B73F}"
                            + "\\x{2B740}-\\x{2B81F}\\x{2B920}-\\x{2CEAF}\\x{F900}-\\x{FAFF}\\x{2F800}-\\x{2FA1F}]");

    private final VocabularyFile contents;
    private final PairMerges pairs;

    /**
     * @param vocabulary tokens by their spelling
     * @param merges {@code "left right"}, by rank
     * @param unknown the token of characters that are not in the vocabulary
     * @param contextLength the most tokens a caption may have
     * @throws IllegalArgumentException if a merge is not of two tokens to a third
     */
    public CharacterBpeTokenizer(
            Map<String, Integer> vocabulary, List<String> merges, int unknown, int contextLength) {
        this(
                new VocabularyFile(
                        contextLength,
                        null,
                        new TreeMap<>(vocabulary),
                        List.copyOf(merges),
                        unknown));
    }

    private CharacterBpeTokenizer(VocabularyFile contents) {
        this.contents = contents;
        this.pairs = contents.pairs();
    }

    /** Whether this is a file of such a tokenizer, of those that are no {@link BartTokenizer}. */
    static boolean isOne(Path file) throws IOException {
        return VocabularyFile.has(file, "vocabulary");
    }

    static CharacterBpeTokenizer load(Path file) throws IOException {
        return VocabularyFile.load(file, CharacterBpeTokenizer::new);
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
                words(caption).stream()
                        .flatMapToInt(word -> pairs.merge(characters(word), () -> true))
                        .toArray();
        return contents.caption(tokens);
    }

    private static List<String> words(String caption) {
        StringBuilder cleaned = new StringBuilder();
        caption.codePoints()
                .filter(character -> !isDropped(character))
                // each by itself: a sigma at the end of a word stays a sigma
                .mapToObj(Character::toString)
                .map(
                        character ->
                                HAN.matcher(character).matches()
                                        ? " " + character + " "
                                        : character)
                .forEach(character -> cleaned.append(character.toLowerCase(Locale.ROOT)));
        List<String> words = new ArrayList<>();
        for (String part : BLANKS.split(cleaned)) {
            WORD.matcher(part).results().forEach(word -> words.add(word.group()));
        }
        return words;
    }

    /** Control and format characters, those for private use, and the sign for what was lost. */
    private static boolean isDropped(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL -> character != '\t' && character != '\n' && character != '\r';
            case Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE -> true;
            default -> character == 0xfffd;
        };
    }

    /** The tokens of a word's characters, the last one marked. */
    private int[] characters(String word) {
        int[] characters = word.codePoints().toArray();
        return IntStream.range(0, characters.length)
                .map(
                        i -> {
                            String character = Character.toString(characters[i]);
                            boolean last = i == characters.length - 1;
                            return contents.token(last ? character + END_OF_WORD : character);
                        })
                .toArray();
    }
}
