package dev.nocturne.models.tokenizer;

import com.fasterxml.jackson.annotation.JsonInclude;
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
import java.util.Map;
import java.util.function.Function;

/**
 * What a tokenizer of spelled tokens and their merges keeps in a bundle.
 *
 * @param contextLength the most tokens a caption may have
 * @param beginOfWord stands before the first letter of each word; null if nothing does
 * @param vocabulary tokens by their spelling
 * @param merges {@code "left right"}, by rank
 * @param unknown the token of what has none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record VocabularyFile(
        int contextLength,
        String beginOfWord,
        Map<String, Integer> vocabulary,
        List<String> merges,
        int unknown) {

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    /** Whether the file is JSON and has the field. */
    static boolean has(Path file, String field) throws IOException {
        try {
            return JSON.readTree(Files.readAllBytes(file)).has(field);
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    /**
     * @param tokenizer throws an {@link IllegalArgumentException} if the contents are not its own
     * @throws InvalidModelException then, and if the file is none of these
     */
    static <T> T load(Path file, Function<VocabularyFile, T> tokenizer) throws IOException {
        try {
            return tokenizer.apply(JSON.readValue(Files.readAllBytes(file), VocabularyFile.class));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new InvalidModelException(
                    "%s: %s; copy or export it again"
                            .formatted(file, e.getMessage().lines().findFirst().orElse("")));
        }
    }

    void save(Path file) throws IOException {
        Files.write(file, JSON.writeValueAsBytes(this));
    }

    /**
     * @throws IllegalArgumentException if something is missing, or a merge is not of two tokens to
     *     a third
     */
    PairMerges pairs() {
        if (vocabulary == null || merges == null) {
            throw new IllegalArgumentException("it has no vocabulary or no merges");
        }
        if (contextLength < 1) {
            throw new IllegalArgumentException(
                    "contextLength is %d: it must be at least 1".formatted(contextLength));
        }
        return PairMerges.of(vocabulary, merges);
    }

    int token(String spelling) {
        return vocabulary.getOrDefault(spelling, unknown);
    }

    /**
     * The tokens of a caption.
     *
     * @throws CaptionTooLongException if there are more than a caption may have
     */
    int[] caption(int[] tokens) {
        if (tokens.length > contextLength) {
            throw new CaptionTooLongException(tokens.length, contextLength);
        }
        return tokens;
    }
}
