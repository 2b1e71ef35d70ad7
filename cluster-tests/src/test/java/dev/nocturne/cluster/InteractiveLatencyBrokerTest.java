package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.result.PartialImage;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.runtime.Answers;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody waits for a picture. A stand-in for the transformer takes a fixed time per decode batch,
 * which is most of the time that a picture takes.
 */
class InteractiveLatencyBrokerTest {
    private static final int JOB_CAPTIONS = 2_000;
    private static final int PICTURES = 7;
    private static final int BATCH = 32;
    private static final Duration PATIENCE = ServicesInProcess.PATIENCE;
    private static final String API = "http://localhost/";

    @TempDir static Path folder;

    private static volatile Duration decodeBatch = Duration.ZERO;
    private static ServicesInProcess services;

    @BeforeAll
    static void start() throws IOException {
        ModelBundle model = TinyModel.write(folder.resolve("model"));
        services = new ServicesInProcess(folder);
        services.keep(
                services.encoder(model),
                services.generator(() -> new StandInDrawer(model.id(), () -> decodeBatch), BATCH),
                services.decoder(model));
        paint(picture(), null); // what is loaded at first use is loaded
        await("the first preview, for which a model is loaded")
                .atMost(PATIENCE)
                .until(
                        () -> {
                            List<PartialImage> seen = new CopyOnWriteArrayList<>();
                            paint(picture().put("stream", true).put("partial_images", 1), seen);
                            return !seen.isEmpty();
                        });
    }

    @AfterAll
    static void stop() throws Exception {
        if (services != null) {
            services.close();
        }
    }

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void aPictureTakesAtMostTwiceItsTimeWhileALargeJobRuns() throws Exception {
        decodeBatch = Duration.ofSeconds(2);
        long alone = medianMillis();

        String job =
                services.ingest
                        .api()
                        .jobs()
                        .submit(new CaptionUpload(captions(), null, Map.of()), null, API)
                        .job()
                        .id();
        await("the job is being painted")
                .atMost(PATIENCE)
                .until(() -> services.ingest.api().jobs().job(job).counts().completed() > 0);
        long beside = medianMillis();

        assertThat(services.ingest.api().jobs().job(job).status())
                .as("still running, or the measurement says nothing")
                .isEqualTo(Job.Status.IN_PROGRESS);
        services.ingest.api().batches().cancel(job);
        assertThat(beside)
                .as("milliseconds beside the job; alone they were %d", alone)
                .isLessThanOrEqualTo(2 * alone);
    }

    /**
     * What is cut out of a finished grid comes after it, and what was asked for by nobody never.
     */
    @Test
    void partialImagesComeWhileThePictureIsDrawnAndItsTokensBeginWithTheirs() throws Exception {
        decodeBatch = Duration.ofSeconds(6);
        int before = partialGrids().size();
        long start = System.nanoTime();
        List<Duration> seenAfter = new CopyOnWriteArrayList<>();
        List<PartialImage> seen =
                new CopyOnWriteArrayList<>() {
                    @Override
                    public boolean add(PartialImage image) {
                        seenAfter.add(Duration.ofNanos(System.nanoTime() - start));
                        return super.add(image);
                    }
                };
        Answers.Images painted =
                paint(picture().put("stream", true).put("partial_images", 2).put("seed", 7), seen);
        Duration completedAfter = Duration.ofNanos(System.nanoTime() - start);
        paint(picture().put("partial_images", 2), null);

        assertThat(seen).extracting(PartialImage::index).containsExactly(0, 1);
        assertThat(seenAfter.get(0))
                .as("a third of the batch is drawn before it is shown")
                .isGreaterThan(decodeBatch.dividedBy(3));
        assertThat(completedAfter.minus(seenAfter.get(1)))
                .as("what is left to draw when two thirds were seen")
                .isGreaterThan(Duration.ofMillis(500));
        assertThat(completedAfter).isGreaterThan(decodeBatch);
        assertThat(seen).allSatisfy(image -> assertThat(image.seed()).isEqualTo(7));
        assertThat(painted.data()).extracting(Answers.Picture::seed).containsExactly(7L);
        assertThat(painted.size()).isEqualTo("32x32");
        assertThat(painted.usage().outputTokens()).isEqualTo(TinyModel.GRID * TinyModel.GRID);
        assertThat(painted.usage().inputTokensDetails().textTokens()).isPositive();

        String job = seen.get(0).jobId();
        int[] whole = finishedTokens(job, seen.get(0).requestId());
        List<GridPartlyDrawn> partials =
                partialGrids().stream()
                        .filter(partial -> partial.getRequest().getJobId().equals(job))
                        .toList();
        assertThat(partials).hasSize(2);
        for (GridPartlyDrawn partial : partials) {
            int[] tokens =
                    PartialGrid.fromBytes(
                                    TinyModel.GRID,
                                    TinyModel.GRID,
                                    EventCodec.bytes(partial.getTokens()))
                            .tokens();
            int drawn = (int) Arrays.stream(tokens).filter(t -> t != PrimedTokens.DRAWN).count();
            assertThat(drawn).isBetween(1, whole.length - 1);
            assertThat(Arrays.copyOf(tokens, drawn)).isEqualTo(Arrays.copyOf(whole, drawn));
        }
        assertThat(partialGrids()).as("for the picture that nobody watched").hasSize(before + 2);
    }

    private static int[] finishedTokens(String jobId, String requestId) throws IOException {
        byte[] json = ObjectStore.open(services.bucket).get(ResultFile.key(jobId, requestId));
        byte[] tokens = ResultFile.parse(json).ranking().get(0).tokens();
        return PrimedTokens.fromBytes(tokens);
    }

    /** All that are there. */
    private static List<GridPartlyDrawn> partialGrids() {
        List<GridPartlyDrawn> found = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(services.kafka.consumer())) {
            List<TopicPartition> partitions =
                    consumer.partitionsFor(Topics.PARTIAL_GRIDS.name()).stream()
                            .map(info -> new TopicPartition(info.topic(), info.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            await().atMost(PATIENCE)
                    .until(
                            () -> {
                                for (ConsumerRecord<byte[], byte[]> record :
                                        consumer.poll(Duration.ofMillis(100))) {
                                    found.add(
                                            EventCodec.decode(
                                                    GridPartlyDrawn.class, record.value()));
                                }
                                return ends.entrySet().stream()
                                        .allMatch(
                                                end ->
                                                        consumer.position(end.getKey())
                                                                >= end.getValue());
                            });
        }
        return found;
    }

    private static ObjectNode picture() {
        return JsonNodeFactory.instance.objectNode().put("prompt", "a red heart");
    }

    /**
     * @param seen null: nobody looks
     */
    private static Answers.Images paint(ObjectNode request, List<PartialImage> seen) {
        return services.ingest
                .api()
                .images()
                .paint(request, API, seen == null ? null : seen::add)
                .toCompletableFuture()
                .join();
    }

    private static long medianMillis() {
        long[] sorted =
                LongStream.generate(InteractiveLatencyBrokerTest::paintMillis)
                        .limit(PICTURES)
                        .sorted()
                        .toArray();
        System.getLogger(InteractiveLatencyBrokerTest.class.getName())
                .log(System.Logger.Level.INFO, () -> "milliseconds: " + Arrays.toString(sorted));
        return sorted[PICTURES / 2];
    }

    private static long paintMillis() {
        long start = System.nanoTime();
        paint(picture(), null);
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    private static ByteArrayInputStream captions() {
        String line = "{\"prompt\":\"a snowman\",\"candidates\":1,\"top\":1}\n";
        return new ByteArrayInputStream(line.repeat(JOB_CAPTIONS).getBytes(UTF_8));
    }
}
