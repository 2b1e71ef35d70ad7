package dev.nocturne.standalone.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.decoder.PublishStage;
import dev.nocturne.decoder.ScoreStage;
import dev.nocturne.encoder.EncoderStage;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.generator.GeneratorStage;
import dev.nocturne.generator.GridDrawer;
import dev.nocturne.ingest.archive.CandidateLines;
import dev.nocturne.ingest.archive.ResultLines;
import dev.nocturne.ingest.archive.ShardSeries;
import dev.nocturne.rerank.Ranking;
import dev.nocturne.runtime.EventRecords;
import dev.nocturne.runtime.ObjectSink;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.Stage;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.AbstractRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sizes of a plan beside those of what the stages really make of a caption. */
class RecordSizesTest {
    private static final Path MODEL = Path.of("../model-zoo/default");
    private static final String CAPTION = "a yellow star above a house";

    /** What real tokens have in common makes it smaller. */
    private static final String COMPRESSED = "selections";

    private static final int BATCH = 8;
    private static final int CANDIDATES = 20;
    private static final int TOP = 4;

    private final Map<String, byte[]> objects = new HashMap<>();

    /** What a stage makes of events. */
    private static <I extends SpecificRecord, O extends SpecificRecord> List<O> outputs(
            Stage<I> stage, List<I> events, Topic<O> to) {
        try {
            stage.open();
            Outbox out = new Outbox(() -> true);
            stage.process(events, out);
            assertThat(out.rejections()).isEmpty();
            return out.outputs().stream()
                    .filter(output -> output.topic() == to)
                    .map(output -> to.record().cast(output.event()))
                    .toList();
        } finally {
            stage.close();
        }
    }

    private ObjectSink sink() {
        return new ObjectSink() {
            @Override
            public boolean hasBucket() {
                return true;
            }

            @Override
            public void put(String key, byte[] content, String mediaType) {
                objects.put(key, content);
            }
        };
    }

    @Test
    void areThoseOfWhatTheStagesMake() throws IOException {
        ModelShape model = ModelShape.of(MODEL.toString());
        SampleRequest sample = new SampleRequest(model, CAPTION, CANDIDATES, TOP, BATCH, 4_000);
        CaptionSubmitted caption = sample.submitted();
        List<GenerationRequested> tasks =
                outputs(
                        EncoderStage.of(MODEL, Clock.systemUTC()),
                        List.of(caption),
                        Topics.GENERATION_TASKS);
        List<GridsDrawn> drawn =
                outputs(
                        new GeneratorStage(
                                () -> GridDrawer.open(MODEL, BATCH),
                                BATCH,
                                job -> false,
                                partial -> {}),
                        tasks,
                        Topics.TOKEN_GRIDS);
        List<GridsScored> scored = outputs(ScoreStage.of(MODEL), drawn, Topics.SCORED_GRIDS);
        CandidatesRanked ranked =
                Ranking.of(
                        scored.get(0),
                        scored.stream().flatMap(part -> part.getGrids().stream()).toList());
        RequestFinished finished =
                outputs(
                                PublishStage.of(
                                        MODEL, this::sink, Clock.systemUTC(), Runnable::run),
                                List.of(ranked),
                                Topics.RESULTS)
                        .get(0);
        long pictures = finished.getImages().stream().mapToLong(image -> image.getBytes()).sum();
        RecordSizes sizes =
                new RecordSizes(
                        new SampleRequest(model, CAPTION, CANDIDATES, TOP, BATCH, pictures / TOP));

        assertThat(drawn).as("a record for each decode batch").hasSize(sample.parts().size());
        Map<String, Long> real = new TreeMap<>();
        real.put("captions", framed(sample, List.of(caption)));
        real.put("generation-tasks", framed(sample, tasks));
        real.put("token-grids", framed(sample, drawn));
        real.put("scored-grids", framed(sample, scored));
        real.put("selections", framed(sample, List.of(ranked)));
        EventRecords.of(finished)
                .forEach(
                        record ->
                                real.put(
                                        record.topic(),
                                        (long)
                                                (RecordSizes.FRAME_BYTES
                                                        + record.key().length
                                                        + record.value().length)));
        real.put("pictures", pictures);
        byte[] json = objects.get(ResultFile.key(caption.getJobId(), requestId(finished)));
        real.put("result.json", (long) json.length);
        ByteArrayOutputStream candidates = new ByteArrayOutputStream();
        CandidateLines.write(ResultFile.parse(json), candidates);
        real.put("candidates.jsonl", (long) candidates.size());
        ByteArrayOutputStream results = new ByteArrayOutputStream();
        ResultLines.write(finished, results);
        real.put("results.jsonl", (long) results.size());

        Map<String, Long> planned = new LinkedHashMap<>();
        sizes.kafka().forEach(size -> planned.put(size.name(), size.perCaption()));
        sizes.bucket(false).forEach(size -> planned.put(size.name(), size.perCaption()));
        real.forEach(
                (name, bytes) ->
                        assertThat((double) planned.get(name) / bytes)
                                .as("%s: planned %d, real %d", name, planned.get(name), bytes)
                                .isBetween(0.97, name.equals(COMPRESSED) ? 2.5 : 1.06));
    }

    private static String requestId(RequestFinished finished) {
        return finished.getRequest().getRequestId();
    }

    private static long framed(SampleRequest sample, List<? extends SpecificRecord> records) {
        return records.stream()
                .mapToLong(
                        record ->
                                RecordSizes.FRAME_BYTES
                                        + sample.key().length()
                                        + EventCodec.encode(record).length)
                .sum();
    }

    @Test
    void aFrameIsTheMostThatKafkaPutsAroundARecord() {
        byte[] key = new byte[50];
        byte[] value = new byte[1000];
        int kafka =
                AbstractRecords.estimateSizeInBytesUpperBound(
                        RecordBatch.CURRENT_MAGIC_VALUE,
                        Compression.NONE.type(),
                        key,
                        value,
                        new org.apache.kafka.common.header.Header[0]);
        assertThat(RecordSizes.FRAME_BYTES + key.length + value.length).isBetween(kafka, kafka + 5);
    }

    @Test
    void aShardIsAsLongAsItsSamples(@TempDir Path folder) throws IOException {
        SampleRequest sample =
                new SampleRequest(
                        ModelShape.of("paper"), SampleRequest.CAPTION, 16, 4, 32, 100_000);
        List<Long> written = new ArrayList<>();
        ShardSeries series =
                new ShardSeries(
                        folder.resolve("shard"),
                        Instant.EPOCH,
                        new ShardSeries.Limits(1L << 30, 10_000),
                        (name, shard, sha256) -> written.add(Files.size(shard)));
        int pictures = 40;
        for (int i = 0; i < pictures; i++) {
            Map<String, byte[]> files = new LinkedHashMap<>();
            files.put("png", new byte[100_000]);
            files.put("txt", sample.caption().getBytes());
            files.put("json", new byte[400]);
            series.add("00000%05d".formatted(i), files);
        }
        series.finish();
        long planned = pictures * new RecordSizes(sample).shardBytes();
        assertThat((double) planned / written.get(0)).isBetween(0.98, 1.02);
    }

    @Test
    void aPaperCaptionOf512CandidatesFitsTheLimitsOfARecord() throws IOException {
        SampleRequest sample =
                new SampleRequest(
                        ModelShape.of("paper"), SampleRequest.CAPTION, 512, 4, 32, 100_000);
        Map<String, Long> planned = new HashMap<>();
        new RecordSizes(sample)
                .kafka()
                .forEach(size -> planned.put(size.name(), size.perCaption()));
        assertThat(planned.get("selections")).isLessThan(1L << 20);
        long tokens = 512L * 2 * 32 * 32;
        assertThat(planned.get("token-grids")).isBetween(tokens, 13 * tokens / 10);
        assertThat(planned.get("rerank's changelogs")).isGreaterThan(planned.get("scored-grids"));
    }
}
