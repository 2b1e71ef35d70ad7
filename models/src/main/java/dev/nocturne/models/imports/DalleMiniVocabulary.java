package dev.nocturne.models.imports;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.tokenizer.BartTokenizer;
import dev.nocturne.models.transformer.DalleMiniTransformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The tokenizer's files of DALL·E mini or mega. */
record DalleMiniVocabulary(Path file, Map<String, Integer> numbers, List<String> merges) {
    static final String BEGIN = "<s>";
    static final String END = "</s>";
    private static final String UNKNOWN = "<unk>";

    private static final ObjectMapper JSON = new ObjectMapper();

    static DalleMiniVocabulary ofMinDalle(Path folder) throws IOException {
        Path merges = folder.resolve("merges.txt");
        DalleMiniImport.requireFile(merges);
        Path file = folder.resolve("vocab.json");
        return new DalleMiniVocabulary(
                file,
                Vocabularies.numbers(file, tree(file)),
                Files.readAllLines(merges).stream()
                        // the version
                        .skip(1)
                        .filter(line -> !line.isBlank())
                        .toList());
    }

    static DalleMiniVocabulary ofDalleMini(Path folder) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        JsonNode model = tree(file).path("model");
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            // newer files have pairs
            merges.add(
                    merge.isArray()
                            ? merge.path(0).asText() + " " + merge.path(1).asText()
                            : merge.asText());
        }
        return new DalleMiniVocabulary(
                file, Vocabularies.numbers(file, model.path("vocab")), merges);
    }

    int number(String token) throws InvalidModelException {
        Integer number = numbers.get(token);
        if (number == null) {
            throw Refusal.of(file, "it has no " + token, "take the tokenizer of DALL·E mini");
        }
        return number;
    }

    BartTokenizer tokenizer(DalleMiniTransformer transformer) throws InvalidModelException {
        Vocabularies.requireWithin(file, numbers, transformer.textVocabulary());
        try {
            return new BartTokenizer(numbers, merges, number(UNKNOWN), transformer.textLength());
        } catch (IllegalArgumentException e) {
            throw Refusal.of(file, e.getMessage(), "take vocabulary and merges of one model");
        }
    }

    static JsonNode tree(Path file) throws IOException {
        return Vocabularies.tree(JSON, file, DalleMiniImport.PUBLISHED);
    }
}
