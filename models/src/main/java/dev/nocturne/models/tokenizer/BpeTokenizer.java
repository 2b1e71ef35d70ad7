package dev.nocturne.models.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.models.format.InvalidModelException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Captions to tokens and back: byte-level byte-pair encoding as in CLIP ({@code
 * clip/simple_tokenizer.py}), lower-cased.
 *
 * <p>The vocabulary: the 256 bytes, spelled by GPT-2's printable characters and in their order; the
 * same bytes at the end of a word, marked {@code </w>}; then the merges, by rank. Given CLIP's
 * merges, the tokens are CLIP's, without its start and end markers; their names in a caption are
 * text like any other. Immutable.
 */
public final class BpeTokenizer implements CaptionTokenizer {

    private static final String END_OF_WORD = "</w>";

    /** Tokens that are no merges: the bytes, and the bytes at the end of a word. */
    public static final int BYTE_TOKENS = 512;

    /** Number of bytes, and so the distance from a byte's token to its token at a word's end. */
    private static final int BYTES = 256;

    /** CLIP's split of normalised text into words, without its special tokens. */
    private static final Pattern WORD =
            Pattern.compile(
                    "'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+",
                    Pattern.UNICODE_CHARACTER_CLASS
                            | Pattern.CASE_INSENSITIVE
                            | Pattern.UNICODE_CASE);

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    /**
     * How each byte is spelled, by token: those that print by themselves, first; then the others.
     */
    private static final String[] SPELLING_OF_BYTES = new String[BYTES];

    private static final int[] TOKEN_OF_BYTE = new int[BYTES];

    private static final Map<Character, Byte> BYTE_OF_CHARACTER = new HashMap<>();

    static {
        int token = 0;
        char substitute = 0x100;
        for (boolean printing : new boolean[] {true, false}) {
            for (int value = 0; value < BYTES; value++) {
                if (prints(value) == printing) {
                    char character = printing ? (char) value : substitute++;
                    SPELLING_OF_BYTES[token] = String.valueOf(character);
                    BYTE_OF_CHARACTER.put(character, (byte) value);
                    TOKEN_OF_BYTE[value] = token++;
                }
            }
        }
    }

    /** The file's contents: merges are {@code "left right"}, by rank. */
    private record TokenizerFile(int contextLength, List<String> merges) {}

    private final int contextLength;

    private final CaptionCleaning cleaning;

    /** {@code "left right"}, by rank. */
    private final List<String> merges;

    /** The spelling of each token. */
    private final List<String> vocabulary = new ArrayList<>();

    private final PairMerges pairs = new PairMerges();

    /**
     * Of captions that are cleaned as openai's CLIP learned them.
     *
     * @param merges {@code "left right"}, by rank
     * @param contextLength the most tokens a caption may have
     * @throws IllegalArgumentException if a merge is not of two earlier tokens to a new one
     */
    public BpeTokenizer(List<String> merges, int contextLength) {
        this(merges, contextLength, CaptionCleaning.FTFY);
    }

    private BpeTokenizer(List<String> merges, int contextLength, CaptionCleaning cleaning) {
        if (contextLength < 1) {
            throw new IllegalArgumentException(
                    "contextLength is %d: it must be at least 1".formatted(contextLength));
        }
        this.contextLength = contextLength;
        this.cleaning = cleaning;
        this.merges = List.copyOf(merges);
        vocabulary.addAll(byteVocabulary());
        Map<String, Integer> tokenOfSpelling = new HashMap<>();
        for (int token = 0; token < vocabulary.size(); token++) {
            tokenOfSpelling.put(vocabulary.get(token), token);
        }
        for (String merge : merges) {
            int space = merge.indexOf(' ');
            Integer left = tokenOfSpelling.get(merge.substring(0, Math.max(space, 0)));
            Integer right = tokenOfSpelling.get(merge.substring(space + 1));
            int token = vocabulary.size();
            if (left == null
                    || right == null
                    || tokenOfSpelling.putIfAbsent(merge.replace(" ", ""), token) != null) {
                throw new IllegalArgumentException(
                        "merge %d, '%s', is not of two earlier tokens to a new one"
                                .formatted(token - 2 * BYTES, merge));
            }
            pairs.add(left, right, token);
            vocabulary.add(merge.replace(" ", ""));
        }
    }

    /** The same tokenizer, of captions that are cleaned so. */
    public BpeTokenizer with(CaptionCleaning cleaning) {
        return new BpeTokenizer(merges, contextLength, cleaning);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @throws InvalidModelException if the file is no tokenizer
     */
    public static BpeTokenizer load(Path file) throws IOException {
        try {
            TokenizerFile contents = JSON.readValue(Files.readAllBytes(file), TokenizerFile.class);
            if (contents == null || contents.merges() == null || contents.merges().contains(null)) {
                throw invalid(file, "it has no list of merges");
            }
            return new BpeTokenizer(contents.merges(), contents.contextLength());
        } catch (JsonProcessingException e) {
            throw invalid(file, e.getOriginalMessage().lines().findFirst().orElse("no JSON"));
        } catch (IllegalArgumentException e) {
            throw invalid(file, e.getMessage());
        }
    }

    /** Writes the merges and the context length as JSON. */
    @Override
    public void save(Path file) throws IOException {
        Files.write(file, JSON.writeValueAsBytes(new TokenizerFile(contextLength, merges)));
    }

    @Override
    public int[] encode(String caption) {
        int[] tokens = tokens(caption, () -> true);
        if (tokens.length > contextLength) {
            throw new CaptionTooLongException(tokens.length, contextLength);
        }
        return tokens;
    }

    /**
     * Like {@link #encode(String)}, but every merge is passed over with the given probability (BPE
     * dropout, Provilkov et al. 2020), so that a model in training sees words in several spellings.
     * Where such a spelling would be too long, the caption is encoded without dropout.
     */
    public int[] encode(String caption, double dropout, RandomGenerator random) {
        int[] tokens = tokens(caption, () -> random.nextDouble() >= dropout);
        return tokens.length > contextLength ? encode(caption) : tokens;
    }

    /** The normalised text of tokens, a space between words. */
    public String decode(int[] tokens) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int token : tokens) {
            if (token < 0 || token >= vocabulary.size()) {
                throw new IllegalArgumentException(
                        "token %d is not in the vocabulary of %d"
                                .formatted(token, vocabulary.size()));
            }
            String spelling = vocabulary.get(token);
            boolean endsWord = spelling.endsWith(END_OF_WORD);
            int length = spelling.length() - (endsWord ? END_OF_WORD.length() : 0);
            for (int i = 0; i < length; i++) {
                text.write(BYTE_OF_CHARACTER.get(spelling.charAt(i)));
            }
            if (endsWord) {
                text.write(' ');
            }
        }
        return text.toString(StandardCharsets.UTF_8).strip();
    }

    /** Number of tokens: bytes, bytes at the end of a word, merges. */
    public int vocabularySize() {
        return vocabulary.size();
    }

    @Override
    public int contextLength() {
        return contextLength;
    }

    /** The merges by rank, {@code "left right"}. */
    List<String> merges() {
        return merges;
    }

    /** The words of a caption, cleaned. */
    static List<String> words(String caption, CaptionCleaning cleaning) {
        String cleaned = cleaning.clean(caption);
        return WORD.matcher(cleaned).results().map(MatchResult::group).toList();
    }

    /** The tokens of a word's bytes, the last one marked. */
    static int[] byteTokens(String word) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        int[] tokens = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            tokens[i] = TOKEN_OF_BYTE[Byte.toUnsignedInt(bytes[i])];
        }
        tokens[tokens.length - 1] += BYTES;
        return tokens;
    }

    /** The spellings of the tokens that are no merges. */
    static List<String> byteVocabulary() {
        List<String> spellings = new ArrayList<>(2 * BYTES);
        Collections.addAll(spellings, SPELLING_OF_BYTES);
        for (String spelling : SPELLING_OF_BYTES) {
            spellings.add(spelling + END_OF_WORD);
        }
        return spellings;
    }

    /** The tokens of a caption, of however many; {@code keep} is asked for every possible merge. */
    private int[] tokens(String caption, BooleanSupplier keep) {
        return words(caption, cleaning).stream()
                .flatMapToInt(word -> pairs.merge(byteTokens(word), keep))
                .toArray();
    }

    private static boolean prints(int value) {
        return value >= '!' && value <= '~'
                || value >= 0xa1 && value <= 0xac
                || value >= 0xae && value <= 0xff;
    }

    private static InvalidModelException invalid(Path file, String wrong) {
        return new InvalidModelException("%s: %s; copy or export it again".formatted(file, wrong));
    }
}
