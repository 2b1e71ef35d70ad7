package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.LagReport.PartitionLag;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.standalone.kafka.JobEvents;
import dev.nocturne.standalone.kafka.JobFollower;
import dev.nocturne.standalone.paint.Painter;
import dev.nocturne.standalone.paint.Painter.Painting;
import dev.nocturne.standalone.pipeline.Pipeline;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.proto.trace.v1.Span;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same requests and seeds, drawn by the shipped model: with {@code paint} one caption after the
 * other, in the pipeline as its batches come together. The pictures must be the same.
 */
class PaintEqualsPipelineBrokerTest {
    private static final Path MODEL = Path.of("../model-zoo/default");
    private static final List<String> CAPTIONS = List.of("a pizza", "a red heart", "a cat");
    private static final List<String> FORMATS = List.of("png", "jpeg", "webp");
    private static final int CANDIDATES = 5;
    private static final int BATCH = 8;
    private static final String JOB = "same";

    @TempDir Path data;

    /**
     * What identifies a picture: its name, where its random numbers came from, and how likely its
     * tokens were.
     */
    private record Picture(
            String file, int rank, int candidate, long seed, long logProbabilityMillionths) {
        Picture(String key, int rank, int candidate, long seed, double logProbability) {
            this(
                    key.substring(key.lastIndexOf('/') + 1),
                    rank,
                    candidate,
                    seed,
                    Math.round(logProbability * 1e6));
        }
    }

    @Test
    void drawTheSamePicturesAndEachCaptionIsATrace() throws IOException {
        try (Collector collector = new Collector()) {
            assertThat(pipeline()).isEqualTo(paint()).hasSize(CAPTIONS.size());
            assertTracesAreWhole(collector.spans());
        }
    }

    /** One for each caption, whose stages are linked with batches that are traces of their own. */
    private static void assertTracesAreWhole(List<Span> spans) {
        Map<Boolean, List<Span>> byKind =
                spans.stream()
                        .collect(Collectors.partitioningBy(s -> s.getName().endsWith(" batch")));
        Map<String, Span> batches = new HashMap<>();
        byKind.get(true).forEach(batch -> batches.put(Collector.hex(batch.getSpanId()), batch));
        Map<ByteString, List<Span>> traces =
                byKind.get(false).stream().collect(Collectors.groupingBy(Span::getTraceId));
        assertThat(traces).hasSize(CAPTIONS.size());
        assertThat(batches.values())
                .allSatisfy(batch -> assertThat(traces).doesNotContainKey(batch.getTraceId()));
        for (List<Span> trace : traces.values()) {
            Map<String, List<Span>> byName =
                    trace.stream().collect(Collectors.groupingBy(Span::getName));
            assertThat(byName.keySet())
                    .contains("request", "encoder", "generator", "scorer", "rerank", "publisher");
            Span first = byName.remove("request").get(0);
            assertThat(first.getParentSpanId()).isEqualTo(ByteString.EMPTY);
            byName.forEach(
                    (stage, stages) -> {
                        for (Span span : stages) {
                            assertThat(span.getParentSpanId()).isEqualTo(first.getSpanId());
                            assertThat(span.getEndTimeUnixNano())
                                    .isGreaterThanOrEqualTo(span.getStartTimeUnixNano());
                            if (!stage.equals("rerank")) { // Streams has no batches
                                assertLinked(span, batches, first);
                            }
                        }
                    });
        }
    }

    private static void assertLinked(Span stage, Map<String, Span> batches, Span first) {
        assertThat(stage.getLinksList()).hasSize(1);
        Span batch = batches.get(Collector.hex(stage.getLinks(0).getSpanId()));
        assertThat(batch.getName()).isEqualTo(stage.getName() + " batch");
        assertThat(batch.getLinksList())
                .extracting(Span.Link::getSpanId)
                .contains(first.getSpanId());
    }

    @Test
    void aPicturesSeedWithOneCandidatePaintsItAgain() throws IOException {
        CaptionSubmitted caption = captions().get(0);
        List<Painting> paintings = new ArrayList<>();
        try (Painter painter = new Painter(MODEL, BATCH)) {
            painter.paint(List.of(caption), drawn -> {}, paintings::add);
            List<ResultFile.Image> images = paintings.get(0).result().images();
            assertThat(images.get(0).key()).as("beside result.json").isEqualTo("1.png");
            int shown = images.get(0).candidate() == 0 ? 1 : 0; // the first one's is the request's
            CaptionSubmitted again =
                    CaptionSubmitted.newBuilder(caption)
                            .setSeed(images.get(shown).seed())
                            .setOptions(
                                    DrawingOptions.newBuilder().setCandidates(1).setTop(1).build())
                            .build();
            List<BufferedImage> seen = new ArrayList<>();
            painter.paint(List.of(again), seen::add, drawn -> {}, paintings::add);

            assertThat(seen).as("while it is drawn, which changes nothing").hasSize(3);
            assertThat(pixels(paintings.get(1).files().get(0)))
                    .isEqualTo(pixels(paintings.get(0).files().get(shown)));
            assertThat(paintings.get(1).result().images().get(0).seed())
                    .isEqualTo(images.get(shown).seed());
        }
    }

    @Test
    void captionsThatShareDecodeBatchesAreFinishedWhenAllTheirCandidatesAreIn() throws IOException {
        Map<String, List<Picture>> pictures = new TreeMap<>();
        List<Integer> drawn = new ArrayList<>();
        try (Painter painter = new Painter(MODEL, BATCH)) {
            painter.paint(
                    captions(),
                    drawn::add,
                    painting ->
                            pictures.put(
                                    painting.result().customId(), pictures(painting.result())));
        }
        assertThat(drawn.stream().mapToInt(count -> count).sum())
                .isEqualTo(CAPTIONS.size() * CANDIDATES);
        assertThat(drawn.get(0)).as("a full batch").isEqualTo(BATCH);
        assertThat(pictures).isEqualTo(paint());
    }

    private static int[] pixels(byte[] file) throws IOException {
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(file));
        return picture.getRGB(
                0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
    }

    private static List<CaptionSubmitted> captions() {
        return IntStream.range(0, CAPTIONS.size())
                .mapToObj(
                        i ->
                                CaptionSubmitted.newBuilder()
                                        .setJobId(JOB)
                                        .setCustomId("caption-" + i)
                                        .setCaption(CAPTIONS.get(i))
                                        .setSeed(100L + i)
                                        .setSubmittedAt(Instant.now())
                                        .setOptions(
                                                DrawingOptions.newBuilder()
                                                        .setCandidates(CANDIDATES)
                                                        .setTop(3)
                                                        .setOutputFormat(FORMATS.get(i))
                                                        .build())
                                        .build())
                .toList();
    }

    private static Map<String, List<Picture>> paint() throws IOException {
        Map<String, List<Picture>> pictures = new TreeMap<>();
        try (Painter painter = new Painter(MODEL, BATCH)) {
            for (CaptionSubmitted caption : captions()) {
                painter.paint(
                        List.of(caption),
                        drawn -> {},
                        painting ->
                                pictures.put(caption.getCustomId(), pictures(painting.result())));
            }
        }
        return pictures;
    }

    private static List<Picture> pictures(ResultFile result) {
        return result.images().stream()
                .map(
                        image ->
                                new Picture(
                                        image.key(),
                                        image.rank(),
                                        image.candidate(),
                                        image.seed(),
                                        image.logProbability()))
                .toList();
    }

    private Map<String, List<Picture>> pipeline() throws IOException {
        Map<String, List<Picture>> pictures = new TreeMap<>();
        Pipeline.Settings settings = Pipeline.Settings.unheard(data, MODEL, BATCH);
        Instant now = Instant.now();
        try (Pipeline pipeline = Pipeline.start(settings, new SimpleMeterRegistry())) {
            JobSubmitted job = new JobSubmitted(JOB, CAPTIONS.size(), now, null);
            JobEvents.publish(pipeline.kafka(), job, captions());
            try (JobFollower follower =
                    new JobFollower(
                            pipeline.kafka(),
                            JOB,
                            now,
                            CAPTIONS.size(),
                            CAPTIONS.size() * CANDIDATES)) {
                Instant deadline = now.plus(Duration.ofMinutes(4));
                while (!follower.allFinished() && Instant.now().isBefore(deadline)) {
                    follower.poll(Duration.ofMillis(200));
                }
                for (RequestFinished result : follower.results()) {
                    List<Picture> best = new ArrayList<>();
                    for (StoredImage image : result.getImages()) {
                        best.add(
                                new Picture(
                                        image.getKey(),
                                        image.getRank(),
                                        image.getCandidate(),
                                        image.getSeed(),
                                        image.getLogProbability()));
                    }
                    pictures.put(result.getRequest().getCustomId(), best);
                }
            }
            try (Admin admin = Admin.create(pipeline.kafka().admin())) {
                await().atMost(Duration.ofMinutes(1))
                        .untilAsserted(
                                () ->
                                        assertNoLagInAnyGroup(
                                                admin, pipeline.ingest().api().lag().latest()));
            }
        }
        return pictures;
    }

    /** As Kafka's own tools count it: to the high watermark, in every partition of every group. */
    private static void assertNoLagInAnyGroup(Admin admin, LagReport report) throws Exception {
        assertThat(report.stages())
                .as("every group of Kafka's is in our view")
                .extracting(StageLag::group)
                .containsExactlyInAnyOrderElementsOf(
                        admin.listGroups().all().get().stream()
                                .map(GroupListing::groupId)
                                .toList());
        for (StageLag stage : report.stages()) {
            Map<TopicPartition, OffsetAndMetadata> committed =
                    admin.listConsumerGroupOffsets(stage.group())
                            .partitionsToOffsetAndMetadata()
                            .get();
            Map<TopicPartition, Long> offsets = new HashMap<>();
            committed.forEach((partition, at) -> offsets.put(partition, at.offset()));
            Map<TopicPartition, Long> ends = new HashMap<>();
            for (PartitionLag one : stage.partitions()) {
                TopicPartition partition = new TopicPartition(one.topic(), one.partition());
                ends.put(
                        partition,
                        admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                                .partitionResult(partition)
                                .get()
                                .offset());
            }
            assertThat(offsets).as(stage.group()).isEqualTo(ends);
        }
    }
}
