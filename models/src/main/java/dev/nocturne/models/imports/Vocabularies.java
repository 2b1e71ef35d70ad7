package dev.nocturne.models.imports;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Vocabularies and settings that lie beside published weights. */
final class Vocabularies {
    private Vocabularies() {}

    /**
     * @param whereItIs what to give if it is missing
     */
    static JsonNode tree(ObjectMapper format, Path file, String whereItIs) throws IOException {
        try {
            return format.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw Refusal.of(file, "it cannot be parsed", "copy it again");
        } catch (NoSuchFileException e) {
            throw Refusal.of(file, "it is missing", whereItIs);
        }
    }

    /** Tokens by their spelling. */
    static Map<String, Integer> numbers(Path file, JsonNode tokens) throws InvalidModelException {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> token : tokens.properties()) {
            if (!token.getValue().isInt()) {
                throw Refusal.of(
                        file, "'%s' has no number".formatted(token.getKey()), "copy it again");
            }
            numbers.put(token.getKey(), token.getValue().asInt());
        }
        return numbers;
    }

    /** Every token must have a row in the transformer's embedding. */
    static void requireWithin(Path file, Map<String, Integer> numbers, int textVocabulary)
            throws InvalidModelException {
        for (Map.Entry<String, Integer> token : numbers.entrySet()) {
            if (token.getValue() < 0 || token.getValue() >= textVocabulary) {
                throw Refusal.of(
                        file,
                        "'%s' is number %d, and the transformer has %d text ids"
                                .formatted(token.getKey(), token.getValue(), textVocabulary),
                        "take both from one folder");
            }
        }
    }
}
