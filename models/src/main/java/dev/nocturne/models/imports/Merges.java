package dev.nocturne.models.imports;

import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/** The merges of openai's tokenizer, which CLIP and DALLE-pytorch share. */
final class Merges {
    private Merges() {}

    /**
     * The first merges of a file, in its order: as many as the model has tokens for beside bytes
     * and the two markers.
     *
     * @param file {@code bpe_simple_vocab_16e6.txt}, plain or compressed
     * @param vocabulary tokens of the model, the markers of start and end counted
     */
    static List<String> read(Path file, int vocabulary) throws IOException {
        int count = count(vocabulary);
        List<String> merges;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            in.mark(2);
            boolean compressed = in.read() == 0x1f && in.read() == 0x8b;
            in.reset();
            try {
                merges = read(compressed ? new GzipCompressorInputStream(in, true) : in, count);
            } catch (IOException | UncheckedIOException e) {
                throw Refusal.of(file, "it cannot be unpacked", "copy it again");
            }
        }
        requireCount(file, merges, vocabulary);
        return merges;
    }

    /** There are as many merges as the model has tokens for. */
    static void requireCount(Path file, List<String> merges, int vocabulary)
            throws InvalidModelException {
        int count = count(vocabulary);
        if (merges.size() != count) {
            throw Refusal.of(
                    file,
                    "it has %d merges, and this model reads %d".formatted(merges.size(), count),
                    "give the file that belongs to it");
        }
    }

    private static int count(int vocabulary) {
        return vocabulary - BpeTokenizer.BYTE_TOKENS - 2;
    }

    private static List<String> read(InputStream text, int count) {
        return new BufferedReader(new InputStreamReader(text, StandardCharsets.UTF_8))
                .lines()
                // the version
                .skip(1)
                .filter(line -> !line.isBlank())
                .limit(Math.max(count, 0))
                .toList();
    }

    /**
     * @param contextLength the most tokens a caption may have
     */
    static BpeTokenizer tokenizer(Path file, List<String> merges, int contextLength)
            throws InvalidModelException {
        try {
            return new BpeTokenizer(merges, contextLength);
        } catch (IllegalArgumentException e) {
            throw Refusal.of(file, e.getMessage(), "give the merges of this model");
        }
    }
}
