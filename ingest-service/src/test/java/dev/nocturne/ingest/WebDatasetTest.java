package dev.nocturne.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WebDatasetTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.123Z");
    private static final String SHARDS = "jobs/job-1/webdataset/";

    @TempDir Path folder;

    private final MemoryStore store = new MemoryStore();
    private final List<JobFiles.Entry> shards = new ArrayList<>();

    private WebDataset dataset(long bytes, int samples) {
        return new WebDataset(
                store, "job-1", folder, NOON, new WebDataset.Limits(bytes, samples), shards::add);
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
        String id = "%016x".formatted(number);
        return new RequestResult(
                id,
                "custom." + number,
                "ein Apfel, 赤い家",
                RequestResult.Status.COMPLETED,
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
                                                0.5f,
                                                -1))
                        .toList(),
                null,
                NOON);
    }

    @Test
    void aSampleIsThreeFilesOfOneNameSideBySide() throws Exception {
        try (WebDataset dataset = dataset(1 << 20, 100)) {
            dataset.add(result(1, 3, "jpg"), "emoji@0", byRank(bytes("one"), null, bytes("3")));
            dataset.add(result(2, 1, "webp"), null, byRank(bytes("two")));
            assertThat(store.objects).as("not before the shard is whole").isEmpty();
            dataset.finish();
        }
        byte[] shard = store.get(SHARDS + "00000.tar");
        Map<String, byte[]> files = files(shard);
        assertThat(files.keySet())
                .containsExactly(
                        "0000000000000001-1.jpg",
                        "0000000000000001-1.txt",
                        "0000000000000001-1.json",
                        "0000000000000001-3.jpg",
                        "0000000000000001-3.txt",
                        "0000000000000001-3.json",
                        "0000000000000002-1.webp",
                        "0000000000000002-1.txt",
                        "0000000000000002-1.json");
        assertThat(files)
                .contains(
                        entry("0000000000000001-3.jpg", bytes("3")),
                        entry("0000000000000001-3.txt", bytes("ein Apfel, 赤い家")));
        JsonNode sample = new ObjectMapper().readTree(files.get("0000000000000001-3.json"));
        assertThat(sample.toString())
                .isEqualTo(
                        "{\"custom_id\":\"custom.1\",\"model\":\"emoji@0\",\"rank\":3,\"seed\":\"%d\",\"score\":0.5}"
                                .formatted(Long.MAX_VALUE - 3));
        assertThat(shards)
                .containsExactly(
                        new JobFiles.Entry(
                                "webdataset/00000.tar",
                                shard.length,
                                ArchivesBrokerTest.sha256(shard)));
        assertNothingIsLeft();
    }

    @Test
    void aShardThatIsFullMakesRoomForTheNext() throws Exception {
        try (WebDataset dataset = dataset(1 << 20, 2)) {
            for (int i = 0; i < 5; i++) {
                dataset.add(result(i, 1, "png"), "m", byRank(bytes("p")));
            }
            dataset.finish();
            dataset.finish(); // there is nothing more
        }
        assertThat(store.list(SHARDS))
                .containsExactly(SHARDS + "00000.tar", SHARDS + "00001.tar", SHARDS + "00002.tar");
        assertThat(files(store.get(SHARDS + "00002.tar")).keySet())
                .contains("0000000000000004-1.png")
                .hasSize(3);

        try (WebDataset dataset = dataset(20_000, 100)) {
            dataset.add(result(7, 2, "png"), "m", byRank(new byte[9_000], new byte[9_000]));
        }
        assertThat(shards)
                .hasSize(4)
                .last()
                .extracting(JobFiles.Entry::name)
                .isEqualTo("webdataset/00000.tar");
        assertNothingIsLeft();
    }

    @Test
    void theSamePicturesGiveTheSameBytes() throws Exception {
        for (int i = 0; i < 2; i++) {
            try (WebDataset dataset = dataset(1 << 20, 100)) {
                dataset.add(result(1, 1, "png"), "m", byRank(bytes("p")));
                dataset.finish();
            }
        }
        assertThat(shards.get(1)).isEqualTo(shards.get(0));
    }

    @Test
    void withoutPicturesThereIsNoShard() throws Exception {
        try (WebDataset dataset = dataset(1 << 20, 100)) {
            dataset.add(result(1, 1, "png"), "m", byRank());
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

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
