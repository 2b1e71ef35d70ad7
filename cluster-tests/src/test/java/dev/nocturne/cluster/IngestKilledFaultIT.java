package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ingest is killed again and again while it releases the captions of a batch. */
class IngestKilledFaultIT {
    private static final int CAPTIONS = 5_000;
    private static final String INGEST = "ingest-service";
    private static final int PARTITIONS = 6;
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    @TempDir Path folder;

    @Test
    void everyCaptionIsPublishedOnce() throws Exception {
        try (Cluster cluster = new Cluster(folder, folder, Map.of())) {
            cluster.start(INGEST);
            cluster.awaitReady(INGEST);
            String file = client(cluster).upload(CAPTIONS);
            String batch = client(cluster).create(file, "key", false);
            try (StandInPipeline workers = new StandInPipeline(cluster.kafka(), Duration.ZERO)) {
                for (int released : new int[] {1, 500, 2_000}) {
                    await("captions are on their way")
                            .atMost(PATIENCE)
                            .pollInterval(Duration.ofMillis(20))
                            .until(() -> recordsOfUnknownFate(cluster) > released / PARTITIONS);
                    cluster.service(INGEST).kill();
                    cluster.start(INGEST);
                    cluster.awaitReady(INGEST);
                }
                await("the batch is painted")
                        .atMost(PATIENCE)
                        .until(() -> client(cluster).completed(batch) == CAPTIONS);
            }
            assertThat(client(cluster).batch(batch).at("/request_counts/total").intValue())
                    .isEqualTo(CAPTIONS);
            assertThat(TopicReader.events(cluster.kafka(), Topics.CAPTIONS))
                    .extracting(CaptionSubmitted::getCustomId)
                    .doesNotHaveDuplicates()
                    .hasSize(CAPTIONS);
        }
    }

    /** Of the process that runs now: each has a port of its own. */
    private static BatchClient client(Cluster cluster) {
        return new BatchClient(cluster.url(INGEST));
    }

    /** Committed or not. */
    private static long recordsOfUnknownFate(Cluster cluster) throws Exception {
        try (Admin admin = Admin.create(cluster.kafka().admin())) {
            return admin.listOffsets(
                            Map.of(
                                    new TopicPartition(Topics.CAPTIONS.name(), 0),
                                    OffsetSpec.latest()))
                    .all()
                    .get()
                    .values()
                    .iterator()
                    .next()
                    .offset();
        }
    }
}
