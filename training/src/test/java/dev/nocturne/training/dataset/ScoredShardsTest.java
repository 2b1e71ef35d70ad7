package dev.nocturne.training.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shards whose samples have scores, as those of our own jobs. */
class ScoredShardsTest {
    private static final OptionalDouble ANY = OptionalDouble.empty();

    @TempDir Path home;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    /** A shard of pictures of these scores; null: of none. */
    private void shard(Double... scores) throws IOException {
        Map<String, byte[]> files = SampleFiles.shardFiles(0, scores.length);
        for (int i = 0; i < scores.length; i++) {
            String score = scores[i] == null ? "" : ",\"score\":" + scores[i];
            files.put(
                    "%09d.json".formatted(i),
                    "{\"caption\":\"caption %d\",\"rank\":1%s,\"log_probability\":-3.5}"
                            .formatted(i, score)
                            .getBytes(StandardCharsets.UTF_8));
        }
        SampleFiles.shard(home.resolve("shards/0.tar"), files);
    }

    /** Of the pictures to learn from. */
    private List<String> captions(OptionalDouble leastScore) throws IOException {
        DataOptions options =
                new DataOptions(
                        home.resolve("shards").toString(),
                        new Columns(Optional.empty(), Optional.empty()),
                        Views.PLAIN,
                        false,
                        0.05,
                        0,
                        leastScore);
        PrintStream log = new PrintStream(output, true, StandardCharsets.UTF_8);
        try (OwnData data = OwnData.open(options, Storage.local(), home.resolve("cache"), log)) {
            OwnPictures pictures = data.pictures(8, 1, UnaryOperator.identity());
            return LongStream.range(0, pictures.size())
                    .mapToObj(visit -> pictures.caption(visit, new SplittableRandom(visit)))
                    .toList();
        }
    }

    @Test
    void picturesBelowTheLeastScoreAreLeftOutHoweverManyTheyAre() throws IOException {
        shard(0.2, 0.31, 0.3, -0.1, 0.29);
        assertThat(captions(OptionalDouble.of(0.3)))
                .containsExactlyInAnyOrder("caption 1", "caption 2");
        assertThat(output.toString(StandardCharsets.UTF_8))
                .contains("2 pictures to learn from")
                .contains("left out: 3 below the least score (");
        try (Stream<Path> files = Files.walk(home.resolve("cache"))) {
            Path list = files.filter(f -> f.endsWith(Survey.LEFT_OUT)).findFirst().orElseThrow();
            assertThat(
                            Files.readAllLines(list).stream()
                                    .map(line -> line.replaceFirst("^.*?\t", "")))
                    .containsExactly(
                            "below the least score\t0.2",
                            "below the least score\t-0.1",
                            "below the least score\t0.29");
        }
        assertThat(captions(ANY)).as("another list, of all").hasSize(5);
    }

    @Test
    void shardsOfOthersMayMeanSomethingElseByTheNamesOfOurFields() throws IOException {
        Map<String, byte[]> files = SampleFiles.shardFiles(0, 3);
        List<String> odd = List.of("[1, 2]", "\"not Base64!\"", "{\"of\": \"text\"}");
        for (int i = 0; i < odd.size(); i++) {
            String json =
                    "{\"caption\":\"caption %d\",\"score\":\"high\",\"dvae\":7,\"tokens\":%s}";
            files.put(
                    "%09d.json".formatted(i),
                    json.formatted(i, odd.get(i)).getBytes(StandardCharsets.UTF_8));
        }
        SampleFiles.shard(home.resolve("shards/0.tar"), files);
        assertThat(captions(ANY)).containsExactlyInAnyOrder("caption 0", "caption 1", "caption 2");
    }

    @Test
    void whereNoneIsGoodEnoughALowerScoreIsTheRemedy() throws IOException {
        shard(0.2, 0.31);
        assertThatIOException()
                .isThrownBy(() -> captions(OptionalDouble.of(0.32)))
                .withMessageContaining("no picture of a score of 0.32 or more, but 2 below")
                .withMessageContaining("give a lower --least-score");
    }

    @Test
    void picturesWithoutAScoreAreAFaultWhereOneIsAskedFor() throws IOException {
        shard(0.2, null, 0.3);
        assertThatIOException()
                .isThrownBy(() -> captions(OptionalDouble.of(0.1)))
                .withMessageContaining("33.3 % of the pictures are left out (1 without a score)")
                .withMessageContaining("leave out --least-score");
    }
}
