package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Grids that the shipped model drew once, in float32: a library, a program or a sampling that draws
 * otherwise changes what every seed paints. Each line of the file is a seed, a caption and the
 * grid's tokens, in three hexadecimal digits each; its first line names the model.
 */
class StoredGridsTest {
    private static final Path MODEL = Path.of("../model-zoo/default");
    private static final Path DRAWN = Path.of("target/stored-grids.tsv");
    private static final int BATCH = 10;

    /** Other processors round differently, which may tip a token, and so the rest of its grid. */
    private static final int TIPPED_BY_ROUNDING = 2;

    @Test
    void theShippedModelDrawsWhatItAlwaysDrew() throws IOException {
        List<String> stored = stored();
        ModelBundle bundle = ModelBundle.open(MODEL);
        List<String[]> asked = stored.stream().skip(1).map(line -> line.split("\t")).toList();
        List<TokenGrid> grids = draw(bundle, asked);
        List<String> drawn =
                IntStream.range(0, grids.size())
                        .mapToObj(
                                i ->
                                        String.join(
                                                "\t",
                                                asked.get(i)[0],
                                                asked.get(i)[1],
                                                text(grids.get(i))))
                        .toList();
        Files.writeString(DRAWN, bundle.id() + "\n" + String.join("\n", drawn) + "\n");

        String remedy = "if it is meant, copy models/%s over the stored file".formatted(DRAWN);
        assertThat(bundle.id()).as(remedy).isEqualTo(stored.get(0));
        assertThat(drawn).hasSize(50);
        assertThat(drawn.stream().filter(line -> !stored.contains(line)))
                .as(remedy)
                .hasSizeLessThanOrEqualTo(TIPPED_BY_ROUNDING);
    }

    private static List<String> stored() throws IOException {
        try (InputStream in = StoredGridsTest.class.getResourceAsStream("stored-grids.tsv")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    private static List<TokenGrid> draw(ModelBundle bundle, List<String[]> asked)
            throws IOException {
        CaptionTokenizer tokenizer = bundle.tokenizer();
        Sampling sampling = bundle.sampling(null, 0, 1, null);
        List<Candidate> candidates =
                asked.stream()
                        .map(
                                fields ->
                                        new Candidate(
                                                tokenizer.encode(fields[1]),
                                                Long.parseLong(fields[0]),
                                                sampling,
                                                new int[0]))
                        .toList();
        try (Safetensors weights = Safetensors.open(MODEL.resolve("transformer.safetensors"));
                GridGenerator generator =
                        new GridGenerator(
                                weights.tensors(),
                                bundle.transformerArchitecture(),
                                BATCH,
                                Precision.FLOAT32)) {
            return IntStream.range(0, candidates.size() / BATCH)
                    .mapToObj(i -> candidates.subList(i * BATCH, (i + 1) * BATCH))
                    .flatMap(batch -> generator.draw(batch, () -> true).stream())
                    .map(DrawnCandidate::grid)
                    .toList();
        }
    }

    private static String text(TokenGrid grid) {
        return Arrays.stream(grid.tokens())
                .mapToObj(token -> HexFormat.of().toHexDigits(token, 3))
                .collect(Collectors.joining());
    }
}
