package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.standalone.pipeline.Pipeline;
import dev.nocturne.training.dataset.Columns;
import dev.nocturne.training.dataset.DataOptions;
import dev.nocturne.training.dataset.Storage;
import dev.nocturne.training.dataset.Views;
import dev.nocturne.training.recipe.LayerKind;
import dev.nocturne.training.recipe.OwnPlace;
import dev.nocturne.training.recipe.Share;
import dev.nocturne.training.recipe.Training;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a job's shards, as the pipeline writes them, to a training on those of high scores. */
class LearnedBackBrokerTest {
    private static final Path MODEL = Path.of("../model-zoo/default");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TOP = 2;

    /** Of the model. */
    private static final int GRID = 8;

    private static final List<String> CAPTIONS =
            List.of("a pizza", "a red heart", "a cat", "a star", "a green apple", "a house");

    @TempDir Path folder;

    @Test
    void picturesOfHighScoresAreLearnedFromAndTheOthersCountedAndListed() throws IOException {
        Path shards = night();
        List<JsonNode> samples = samples(shards.resolve("00000.tar"));
        List<Double> scores = samples.stream().map(LearnedBackBrokerTest::score).toList();
        assertThat(scores).hasSize(TOP * CAPTIONS.size());
        double least = scores.stream().sorted().skip(scores.size() / 2).findFirst().orElseThrow();
        // the same picture may have been drawn twice, so that scores are equal
        List<String> below =
                scores.stream().filter(score -> score < least).map(String::valueOf).toList();
        assertThat(below).isNotEmpty();

        ByteArrayOutputStream output = new ByteArrayOutputStream();
        Path model = folder.resolve("better");
        OwnPlace place =
                new OwnPlace(
                        new DataOptions(
                                shards.toString(),
                                new Columns(Optional.empty(), Optional.empty()),
                                Views.PLAIN,
                                false,
                                0,
                                0,
                                OptionalDouble.of(least)),
                        new Storage(bucket -> null),
                        OwnPlace.LongCaptions.REFUSE);
        Training training =
                new Training(
                        model,
                        Optional.of(place),
                        new PrintStream(output, true, StandardCharsets.UTF_8));
        Share heads = new Share(Set.of(LayerKind.HEADS), 0);
        assertThat(
                        training.transformerFrom(
                                MODEL,
                                heads,
                                new Training.Options(1, 4, 1, 1e-2, 0, 1000, 1, 1, false)))
                .isTrue();

        assertThat(output.toString(StandardCharsets.UTF_8))
                .contains(
                        "%d pictures to learn from, 0 held out"
                                .formatted(scores.size() - below.size()),
                        "left out: %d below the least score (".formatted(below.size()),
                        "all of them were drawn: losses are at the temperature of drawing, 0.4");
        assertThat(imageLoss(model))
                .as("of what the model itself draws, as it draws it; else it is near 1")
                .isBetween(0.0, 0.3);
        List<String> leftOut = leftOut(model);
        assertThat(leftOut)
                .allMatch(line -> line.contains("00000.tar at byte "))
                .allMatch(line -> line.contains("\tbelow the least score\t"));
        assertThat(leftOut.stream().map(line -> line.replaceFirst(".*\t", "")))
                .containsExactlyInAnyOrderElementsOf(below);
        assertThat(cachedTokens(model))
                .as("what was drawn, not what the dVAE reads in the pictures")
                .containsExactlyElementsOf(
                        samples.stream()
                                .filter(sample -> score(sample) >= least)
                                .map(sample -> sample.get("tokens").asText())
                                .toList());
        String head = "image_head.weight";
        assertThat(ModelBundle.open(model).transformerWeights().get(head).data())
                .isNotEqualTo(ModelBundle.open(MODEL).transformerWeights().get(head).data());
    }

    /** Paints the captions, and says where the shards are. */
    private Path night() throws IOException {
        Pipeline.Settings settings = Pipeline.Settings.unheard(folder.resolve("data"), MODEL, 8);
        try (Pipeline pipeline = Pipeline.start(settings, new SimpleMeterRegistry())) {
            IngestApi api = pipeline.ingest().api();
            await().atMost(Duration.ofMinutes(2)).until(() -> pipeline.ingest().health().ready());
            String lines =
                    CAPTIONS.stream()
                            .map(
                                    caption ->
                                            "{\"prompt\":\"%s\",\"candidates\":3,\"top\":%d}"
                                                    .formatted(caption, TOP))
                            .collect(Collectors.joining("\n"));
            Path file = Files.writeString(folder.resolve("captions.jsonl"), lines);
            String input = api.files().upload("captions.jsonl", "batch", file).id();
            String batch =
                    """
                    {"input_file_id":"%s","endpoint":"/v1/images/generations",
                     "completion_window":"24h","webdataset":true}"""
                            .formatted(input);
            String id = api.batches().create(JSON.readTree(batch), null, "http://localhost/").id();
            await().atMost(Duration.ofMinutes(4))
                    .until(() -> api.batches().batch(id).status() == Job.Status.COMPLETED);
            return pipeline.data()
                    .objects()
                    .resolve(pipeline.objectStore().bucket())
                    .resolve("jobs/%s/webdataset".formatted(id));
        }
    }

    private static List<JsonNode> samples(Path shard) throws IOException {
        List<JsonNode> samples = new ArrayList<>();
        try (InputStream in = Files.newInputStream(shard);
                TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
            for (TarArchiveEntry file = tar.getNextEntry();
                    file != null;
                    file = tar.getNextEntry()) {
                if (file.getName().endsWith(".json")) {
                    samples.add(JSON.readTree(tar.readAllBytes()));
                }
            }
        }
        return samples;
    }

    /** Of the only step. */
    private static double imageLoss(Path model) throws IOException {
        String step = Files.readString(model.resolve("training/transformer/losses.jsonl"));
        return JSON.readTree(step).get("image").doubleValue();
    }

    private static double score(JsonNode sample) {
        return sample.get("score").doubleValue();
    }

    /** Of the pictures that were learned from, as shards have them. */
    private static List<String> cachedTokens(Path model) throws IOException {
        byte[] cached = Files.readAllBytes(cached(model, "tokens-"));
        List<String> tokens = new ArrayList<>();
        ByteBuffer records = ByteBuffer.wrap(cached);
        while (records.hasRemaining()) {
            int[] picture = new int[GRID * GRID];
            for (int i = 0; i < picture.length; i++) {
                picture[i] = records.getChar();
            }
            byte[] bytes = new TokenGrid(GRID, GRID, picture).toBytes();
            tokens.add(Base64.getEncoder().encodeToString(bytes));
        }
        return tokens;
    }

    private static Path cached(Path model, String prefix) throws IOException {
        try (Stream<Path> files = Files.walk(model.resolve("training/data"))) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static List<String> leftOut(Path model) throws IOException {
        return Files.readAllLines(cached(model, "left-out.tsv"));
    }
}
