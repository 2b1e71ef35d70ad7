package dev.nocturne.ingest.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.nocturne.ingest.MemoryStore;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WebDatasetTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.123Z");
    private static final String SHARDS = "jobs/job-1/webdataset/";

    @TempDir Path folder;

    private final MemoryStore store = new MemoryStore();
    private final List<JobFile> shards = new ArrayList<>();

    /** Of pictures of one format. */
    private WebDataset dataset(long bytes, int samples) {
        return dataset(bytes, samples, new WebDataset.Pictures(10, Set.of("png")));
    }

    private WebDataset dataset(long bytes, int samples, WebDataset.Pictures pictures) {
        return new WebDataset(
                store,
                "job-1",
                folder,
                NOON,
                new ShardSeries.Limits(bytes, samples),
                pictures,
                shards::add);
    }

    private static List<String> pictures(Map<String, byte[]> files) {
        return files.keySet().stream().filter(name -> !name.matches(".*(txt|json)")).toList();
    }

    /** The files of a shard in their order, by name. */
    static Map<String, byte[]> files(byte[] shard) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (TarArchiveInputStream tar =
                new TarArchiveInputStream(new ByteArrayInputStream(shard))) {
            for (TarArchiveEntry file = tar.getNextEntry();
                    file != null;
                    file = tar.getNextEntry()) {
                assertThat(files.put(file.getName(), tar.readAllBytes())).isNull();
            }
        }
        return files;
    }

    private static RequestResult result(int number, int images, String extension) {
        return result(number, images, extension, 0.5f);
    }

    private static RequestResult result(int number, int images, String extension, Float score) {
        String id = "%016x".formatted(number);
        return new RequestResult(
                id,
                "custom." + number,
                "ein Apfel, 赤い家",
                RequestResult.Status.COMPLETED,
                null,
                IntStream.rangeClosed(1, images)
                        .mapToObj(
                                rank ->
                                        new ResultFile.Image(
                                                rank,
                                                "jobs/job-1/images/%s/%d.%s"
                                                        .formatted(id, rank, extension),
                                                "00ff",
                                                3,
                                                rank,
                                                Long.MAX_VALUE - rank,
                                                score,
                                                -1))
                        .toList(),
                null,
                NOON);
    }

    /** Candidate 3 is known with its tokens 1, 2 and 256, candidate 1 without. */
    private static ResultFile kept() throws IOException {
        return ResultFile.parse(
                bytes(
                        """
                        {"model":"emoji@0","dvae":"dvae@1","images":[],"ranking":[
                         {"rank":1,"candidate":1},{"rank":3,"candidate":3,"tokens":"AQACAAAB"}]}"""));
    }

    @Test
    void withoutAClipASampleHasNoScore() throws Exception {
        try (WebDataset dataset = dataset(1 << 20, 100)) {
            dataset.add(result(1, 1, "png", null), kept(), byRank(png(3, 2)));
            dataset.finish();
        }
        byte[] sample = files(store.get(SHARDS + "00000.tar")).get("00000-000000.json");
        assertThat(new String(sample, UTF_8))
                .contains("\"log_probability\":-1.0")
                .doesNotContain("score");
    }

    @Test
    void aSampleIsThreeFilesOfOneNameSideBySide() throws Exception {
        byte[] png = png(3, 2);
        try (WebDataset dataset = dataset(1 << 20, 100)) {
            dataset.add(result(1, 3, "png"), kept(), byRank(bytes("one"), null, png));
            dataset.add(result(2, 1, "png"), null, byRank(bytes("two")));
            assertThat(store.objects).as("not before the shard is whole").isEmpty();
            dataset.finish();
        }
        byte[] shard = store.get(SHARDS + "00000.tar");
        Map<String, byte[]> files = files(shard);
        assertThat(files.keySet())
                .as("what the bucket has not is passed over, the others keep their keys")
                .containsExactly(
                        "00000-000000.png",
                        "00000-000000.txt",
                        "00000-000000.json",
                        "00000-000002.png",
                        "00000-000002.txt",
                        "00000-000002.json",
                        "00000-000003.png",
                        "00000-000003.txt",
                        "00000-000003.json");
        assertThat(files)
                .contains(
                        entry("00000-000002.png", png),
                        entry("00000-000002.txt", bytes("ein Apfel, 赤い家")));
        assertThat(new String(files.get("00000-000002.json"), UTF_8))
                .as("the fields of img2dataset first")
                .isEqualTo(
                        "{\"key\":\"00000-000002\",\"caption\":\"ein Apfel, 赤い家\",\"width\":3,\"height\":2,\"sha256\":\"00ff\",\"custom_id\":\"custom.1\",\"model\":\"emoji@0\",\"rank\":3,\"seed\":%d,\"score\":0.5,\"log_probability\":-1.0,\"dvae\":\"dvae@1\",\"tokens\":\"AQACAAAB\"}"
                                .formatted(Long.MAX_VALUE - 3));
        assertThat(new String(files.get("00000-000003.json"), UTF_8))
                .as("a field has one type in all samples, also where nothing is known")
                .contains("\"width\":0,\"height\":0,", "\"model\":\"\"")
                .contains("\"dvae\":\"\"", "\"tokens\":\"\"");
        assertThat(new String(files.get("00000-000000.json"), UTF_8))
                .as("a message could not hold the tokens of all candidates")
                .contains("\"dvae\":\"dvae@1\"", "\"tokens\":\"\"");
        assertThat(shards)
                .containsExactly(
                        new JobFile(
                                "webdataset/00000.tar",
                                shard.length,
                                ArchivesBrokerTest.sha256(shard)));
        assertNothingIsLeft();
    }

    @Test
    void aShardHasPicturesOfOneFormat() throws Exception {
        WebDataset.Pictures mixed = new WebDataset.Pictures(5, Set.of("jpg", "png"));
        try (WebDataset dataset = dataset(1 << 20, 2, mixed)) {
            for (String extension : List.of("png", "jpg", "png", "png", "jpg")) {
                dataset.add(result(1, 1, extension), null, byRank(bytes("p")));
            }
            dataset.finish();
        }
        assertThat(store.list("jobs/job-1/"))
                .as("each series is numbered without gaps, in a folder that holds nothing else")
                .containsExactlyInAnyOrder(
                        "jobs/job-1/webdataset-jpg/00000.tar",
                        "jobs/job-1/webdataset-png/00000.tar",
                        "jobs/job-1/webdataset-png/00001.tar");
        assertThat(pictures(files(store.get("jobs/job-1/webdataset-png/00000.tar"))))
                .containsExactly("00000-000000.png", "00000-000002.png");
        assertThat(pictures(files(store.get("jobs/job-1/webdataset-png/00001.tar"))))
                .containsExactly("00001-000003.png");
        assertThat(pictures(files(store.get("jobs/job-1/webdataset-jpg/00000.tar"))))
                .containsExactly("00000-000001.jpg", "00000-000004.jpg");
        assertThat(shards)
                .extracting(JobFile::name)
                .containsExactlyInAnyOrder(
                        "webdataset-jpg/00000.tar",
                        "webdataset-png/00000.tar",
                        "webdataset-png/00001.tar");
        assertNothingIsLeft();
    }

    @Test
    void keysOfAMillionPicturesAreInTheOrderOfTheInputToo() throws Exception {
        WebDataset.Pictures million = new WebDataset.Pictures(1_000_001, Set.of("png"));
        try (WebDataset dataset = dataset(1 << 20, 2, million)) {
            dataset.add(result(1, 3, "png"), null, byRank(bytes("a"), bytes("b"), bytes("c")));
            dataset.finish();
        }
        assertThat(pictures(files(store.get(SHARDS + "00000.tar"))))
                .containsExactly("00000-0000000.png", "00000-0000001.png");
        assertThat(pictures(files(store.get(SHARDS + "00001.tar"))))
                .containsExactly("00001-0000002.png");
    }

    @Test
    void aShardThatIsFullMakesRoomForTheNext() throws Exception {
        try (WebDataset dataset = dataset(1 << 20, 2)) {
            for (int i = 0; i < 5; i++) {
                dataset.add(result(i, 1, "png"), null, byRank(bytes("p")));
            }
            dataset.finish();
            dataset.finish(); // there is nothing more
        }
        assertThat(store.list(SHARDS))
                .containsExactly(SHARDS + "00000.tar", SHARDS + "00001.tar", SHARDS + "00002.tar");
        assertThat(files(store.get(SHARDS + "00002.tar")).keySet())
                .contains("00002-000004.png")
                .hasSize(3);

        try (WebDataset dataset = dataset(20_000, 100)) {
            dataset.add(result(7, 2, "png"), null, byRank(new byte[9_000], new byte[9_000]));
        }
        assertThat(shards)
                .hasSize(4)
                .last()
                .extracting(JobFile::name)
                .isEqualTo("webdataset/00000.tar");
        assertNothingIsLeft();
    }

    @Test
    void theSamePicturesGiveTheSameBytes() throws Exception {
        for (int i = 0; i < 2; i++) {
            try (WebDataset dataset = dataset(1 << 20, 100)) {
                dataset.add(result(1, 1, "png"), null, byRank(bytes("p")));
                dataset.finish();
            }
        }
        assertThat(shards.get(1)).isEqualTo(shards.get(0));
    }

    @Test
    void withoutPicturesThereIsNoShard() throws Exception {
        try (WebDataset dataset = dataset(1 << 20, 100)) {
            dataset.add(result(1, 1, "png"), null, byRank());
            dataset.finish();
        }
        assertThat(store.objects).isEmpty();
        assertThat(shards).isEmpty();
    }

    private void assertNothingIsLeft() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    /** The bucket has these pictures of a request, and no more. */
    private static Function<ResultFile.Image, byte[]> byRank(byte[]... pictures) {
        return image -> image.rank() <= pictures.length ? pictures[image.rank() - 1] : null;
    }

    private static byte[] png(int width, int height) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", bytes);
        return bytes.toByteArray();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
