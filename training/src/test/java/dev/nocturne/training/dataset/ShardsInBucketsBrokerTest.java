package dev.nocturne.training.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real S3 endpoint. */
class ShardsInBucketsBrokerTest {

    @Test
    void shardsAreReadByPrefixAndByRange(@TempDir Path home) throws IOException {
        try (EmbeddedObjectStore endpoint = EmbeddedObjectStore.start(home.resolve("objects"), 0)) {
            ObjectStore store = store(endpoint, "data");
            store.ensureBucket();
            for (int shard = 0; shard < 3; shard++) {
                Path file =
                        SampleFiles.shard(
                                home.resolve("shard"), SampleFiles.shardFiles(4 * shard, 4));
                store.put("pictures/0000%d.tar".formatted(shard), file, "application/x-tar");
            }
            store.put("pictures/readme.txt", new byte[] {1}, "text/plain");
            Storage storage = new Storage(bucket -> store(endpoint, bucket));

            assertThat(captions(home, "s3://data/pictures/", storage)).hasSize(12);
            assertThat(captions(home, "s3://data/pictures/{00000..00001}.tar", storage))
                    .hasSize(8)
                    .contains("caption 7");
            assertThatIOException()
                    .isThrownBy(() -> captions(home, "s3://data/others/", storage))
                    .withMessageContaining("no objects that end with .tar");
        }
    }

    private static ObjectStore store(EmbeddedObjectStore endpoint, String bucket) {
        return ObjectStore.open(
                new ObjectStoreSettings(
                        endpoint.endpoint(),
                        "us-east-1",
                        endpoint.accessKey(),
                        endpoint.secretKey(),
                        bucket));
    }

    private static Set<String> captions(Path home, String place, Storage storage)
            throws IOException {
        DataOptions options =
                new DataOptions(
                        place,
                        new Columns(Optional.empty(), Optional.empty()),
                        Views.PLAIN,
                        false,
                        0,
                        0,
                        OptionalDouble.empty());
        Set<String> captions = new HashSet<>();
        try (OwnData data = OwnData.open(options, storage, home.resolve("cache"), System.out)) {
            OwnPictures pictures = data.pictures(8, 1, UnaryOperator.identity());
            for (long visit = 0; visit < pictures.size(); visit++) {
                captions.add(pictures.example(visit, new SplittableRandom(1)).caption());
            }
        }
        return captions;
    }
}
