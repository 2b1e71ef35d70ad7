package dev.nocturne.models.imports;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Finds a CLIP's tokenizer: {@code tokenizer.json} of Hugging Face's, {@code vocab.json} with
 * {@code merges.txt}, or openai's {@code bpe_simple_vocab_16e6.txt}, plain or compressed.
 */
final class ClipTokenizers {
    /** What may lie beside the weights, the first found counts. */
    private static final List<String> NAMES =
            List.of(
                    "tokenizer.json",
                    "merges.txt",
                    "bpe_simple_vocab_16e6.txt.gz",
                    "bpe_simple_vocab_16e6.txt");

    private static final String GIVE =
            "give bpe_simple_vocab_16e6.txt.gz of openai/CLIP or a tokenizer.json with --bpe";

    private static final ObjectMapper JSON = new ObjectMapper();

    private ClipTokenizers() {}

    /**
     * @param given the file that is named; null for what lies beside the weights
     * @param vocabulary tokens of the model, the markers of start and end counted
     * @param contextLength the most tokens a caption may have
     */
    static BpeTokenizer find(Path weights, Path given, int vocabulary, int contextLength)
            throws IOException {
        Path file = given == null ? beside(weights) : given;
        boolean json = file.getFileName().toString().endsWith(".json");
        List<String> merges = json ? json(file, vocabulary) : Merges.read(file, vocabulary);
        if (given == null && file.endsWith("merges.txt")) {
            Path numbers = file.resolveSibling("vocab.json");
            requireOrder(numbers, merges, tree(numbers));
        }
        return Merges.tokenizer(file, merges, contextLength);
    }

    private static Path beside(Path weights) throws IOException {
        for (String name : NAMES) {
            Path file = weights.resolveSibling(name);
            if (Files.exists(file)) {
                return file;
            }
        }
        throw Refusal.of(weights, "no tokenizer lies beside it", GIVE);
    }

    private static List<String> json(Path file, int vocabulary) throws IOException {
        JsonNode model = tree(file).path("model");
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            // a text "left right" until tokenizers 0.19, a pair since then
            merges.add(
                    merge.isArray() && merge.size() == 2
                            ? merge.get(0).asText() + " " + merge.get(1).asText()
                            : merge.asText());
        }
        if (!model.path("end_of_word_suffix").asText().equals("</w>")) {
            throw Refusal.of(file, "it is no tokenizer of a CLIP", GIVE);
        }
        Merges.requireCount(file, merges, vocabulary);
        requireOrder(file, merges, model.path("vocab"));
        return merges;
    }

    /** Tokens are numbered in the order of their merges, as at openai. */
    private static void requireOrder(Path file, List<String> merges, JsonNode numbers)
            throws IOException {
        Map<String, Integer> found = Vocabularies.numbers(file, numbers);
        for (int rank = 0; rank < merges.size(); rank++) {
            String token = merges.get(rank).replace(" ", "");
            int expected = BpeTokenizer.BYTE_TOKENS + rank;
            if (!Integer.valueOf(expected).equals(found.get(token))) {
                throw Refusal.of(
                        file,
                        "'%s' is not number %d, as its merges have it".formatted(token, expected),
                        "take all files of the tokenizer from one repository");
            }
        }
    }

    private static JsonNode tree(Path file) throws IOException {
        return Vocabularies.tree(JSON, file, "put it beside the weights, from the same repository");
    }
}
