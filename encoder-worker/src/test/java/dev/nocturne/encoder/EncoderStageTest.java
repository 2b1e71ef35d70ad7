package dev.nocturne.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnCandidates;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.models.clip.Embeddings;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Topics;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class EncoderStageTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    private final EncoderStage stage = stage(new LetterEncoder());
    private final Outbox out = new Outbox(() -> true);

    private static EncoderStage stage(CaptionEncoder encoder) {
        return new EncoderStage(
                () -> encoder, () -> EarlierAnswers.NONE, false, Clock.fixed(NOON, ZoneOffset.UTC));
    }

    @BeforeEach
    void open() {
        stage.open();
    }

    private static CaptionSubmitted.Builder caption() {
        return CaptionSubmitted.newBuilder()
                .setJobId("job-1")
                .setCustomId("line-1")
                .setCaption("ab")
                .setSubmittedAt(NOON);
    }

    private static CaptionSubmitted.Builder caption(UnaryOperator<DrawingOptions.Builder> change) {
        return caption().setOptions(change.apply(DrawingOptions.newBuilder()).build());
    }

    private GenerationRequested task() {
        return out.outputs().stream()
                .filter(output -> output.topic() == Topics.GENERATION_TASKS)
                .map(output -> (GenerationRequested) output.event())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aFramedCaptionWithoutARegistryIsTurnedAwayWithTheSetting() {
        assertThatExceptionOfType(PermanentException.class)
                .isThrownBy(
                        () ->
                                stage.decode(
                                        new ConsumerRecord<>(
                                                "captions",
                                                0,
                                                0,
                                                null,
                                                new byte[] {0, 0, 0, 0, 1})))
                .withMessageContaining("NOCTURNE_SCHEMA_REGISTRY_URL")
                .extracting(PermanentException::reasonCode)
                .isEqualTo("malformed_event");
    }

    @Test
    void captionBecomesATask() {
        stage.process(
                List.of(
                        caption()
                                .setOptions(
                                        DrawingOptions.newBuilder()
                                                .setCandidates(8)
                                                .setTop(2)
                                                .setTemperature(0.5)
                                                .setOutputFormat("webp")
                                                .setOutputCompression(80)
                                                .build())
                                .build()),
                out);
        String requestId = Ids.requestId("job-1", "line-1");
        assertThat(out.outputs())
                .singleElement()
                .satisfies(
                        output -> assertThat(output.key()).isEqualTo(Ids.key("job-1", requestId)));
        GenerationRequested task = task();
        assertThat(task.getRequest().getRequestId()).isEqualTo(requestId);
        assertThat(task.getTextTokens()).containsExactly((int) 'a', (int) 'b');
        assertThat(Embeddings.fromBytes(EventCodec.bytes(task.getTextEmbedding())))
                .containsExactly(1, 0);
        assertThat(task.getPrimedTokens().remaining()).isZero();
        assertThat(task.getSeed()).isEqualTo(Ids.defaultSeed(requestId, SeedSchemes.FIRST_IS_OWN));
        assertThat(task.getOptions().getCandidates()).isEqualTo(8);
        assertThat(task.getOptions().getTop()).isEqualTo(2);
        assertThat(task.getOptions().getOutputFormat()).isEqualTo("webp");
        assertThat(task.getOptions().getOutputCompression()).isEqualTo(80);
        assertThat(task.getOptions().getTemperature()).isEqualTo(0.5);
        assertThat(task.getOptions().getGuidance()).as("the model's own").isEqualTo(2.5);
    }

    @ParameterizedTest
    @CsvSource({"auto, 96x96", "24x24, 24x24", "96x96, 96x96"})
    void theSizeIsOneOfTheModels(String asked, String chosen) {
        stage.process(List.of(caption(o -> o.setSize(asked)).build()), out);
        assertThat(task().getOptions().getSize()).isEqualTo(chosen);
    }

    @ParameterizedTest
    @CsvSource({
        "1024x1024, the model letters@1 paints 24x24 and 96x96",
        "large, must be auto",
    })
    void anotherSizeIsRefusedWithThoseThatThereAre(String asked, String words) {
        stage.process(List.of(caption(o -> o.setSize(asked)).build()), out);
        assertThat(out.rejections().get(0))
                .hasMessageContaining("size is '%s'".formatted(asked))
                .hasMessageContaining(words);
        assertThat(out.rejections().get(0).reasonCode()).isEqualTo("invalid_option");
    }

    @Test
    void whatIsNotAskedForIsTheModelsOwn() {
        stage.process(List.of(caption(o -> o.setTopK(5)).build()), out);
        assertThat(task().getOptions().getTemperature()).isEqualTo(0.7);
        assertThat(task().getOptions().getTopK()).isEqualTo(5);
        assertThat(task().getOptions().getGuidance()).isEqualTo(2.5);
    }

    @Test
    void givenSeedIsKept() {
        stage.process(List.of(caption().setSeed(-7L).build()), out);
        assertThat(task().getSeed()).isEqualTo(-7);
    }

    @Test
    void captionWithoutAJobIsAJobOfItsOwn() {
        stage.process(List.of(caption().setJobId(null).setCaption("").build()), out);
        assertThat(out.outputs())
                .singleElement()
                .satisfies(
                        output -> {
                            assertThat(output.topic()).isEqualTo(Topics.JOBS);
                            assertThat(output.key()).isEqualTo("caption-line-1");
                            assertThat(output.event())
                                    .isEqualTo(new JobSubmitted("caption-line-1", 1, NOON, ""));
                        });
        assertThat(out.rejections()).as("its request has failed all the same").hasSize(1);
    }

    @Test
    void aJobIsNotLostForTheTimeOfItsProducer() {
        Instant inSeconds = Instant.ofEpochMilli(NOON.getEpochSecond());
        Instant inMicroseconds = Instant.ofEpochMilli(NOON.toEpochMilli() * 1000);
        for (Instant time : List.of(inSeconds, inMicroseconds, Instant.ofEpochMilli(-1))) {
            stage.process(List.of(caption().setJobId(null).setSubmittedAt(time).build()), out);
        }
        assertThat(out.outputs())
                .filteredOn(output -> output.topic() == Topics.JOBS)
                .extracting(output -> ((JobSubmitted) output.event()).getSubmittedAt())
                .containsExactly(inSeconds, NOON, NOON);
    }

    @Test
    void aCaptionWithTheIdOfAnothersJobDoesNothingToThatJob() {
        IdSource ids = IdSource.system();
        IdSource.Owned batch = ids.newBatch();
        IdSource.Owned single = ids.newCaption();
        CaptionSubmitted own = caption().setJobId(batch.id()).setJobToken(batch.token()).build();
        CaptionSubmitted foreign = caption().setJobId(batch.id()).build();
        CaptionSubmitted guessed =
                caption().setJobId(batch.id()).setJobToken(single.token()).build();
        CaptionSubmitted json = caption().setJobId(null).setCustomId(single.id()).build();

        stage.process(List.of(own, foreign, guessed, json), out);

        assertThat(task().getRequest()).isEqualTo(stage.request(own));
        assertThat(stage.request(own).getJobId()).isEqualTo(batch.id());
        assertThat(out.rejections()).containsOnlyKeys(1, 2, 3);
        assertThat(out.rejections().get(1))
                .hasMessageContaining("job_id '%s' is a job of".formatted(batch.id()));
        for (CaptionSubmitted refused : List.of(foreign, guessed, json)) {
            assertThat(stage.request(refused).getJobId()).matches("caption-[0-9a-f]{16}");
            assertThat(out.outputs())
                    .filteredOn(output -> output.topic() == Topics.JOBS)
                    .extracting(output -> output.key())
                    .contains(stage.request(refused).getJobId());
        }
    }

    @Test
    void imagePromptGivesTheFirstRows() {
        stage.process(
                List.of(caption().setImagePrompt(png(5, 7)).setImagePromptRows(2).build()), out);
        assertThat(EventCodec.bytes(task().getPrimedTokens()))
                .isEqualTo(PrimedTokens.toBytes(new int[] {0, 1, 2, 3, -1, -1}));
    }

    @Test
    void aMaskSaysWhichRowsOfTheImagePromptAreKept() {
        BufferedImage mask = new BufferedImage(6, 6, BufferedImage.TYPE_INT_ARGB);
        for (int i = 0; i < 6 * 3; i++) { // its upper half: of 3 rows of tokens 1
            mask.setRGB(i % 6, i / 6, 0xFF000000);
        }
        ByteBuffer file = ByteBuffer.wrap(SamplePictures.file(mask, "png"));
        ByteBuffer none = ByteBuffer.allocate(0);
        stage.process(
                List.of(
                        caption().setImagePrompt(png(6, 6)).setImagePromptMask(file).build(),
                        caption().setImagePrompt(file).setImagePromptMask(none).build(),
                        caption().setImagePrompt(png(6, 7)).setImagePromptMask(file).build(),
                        caption().setImagePrompt(png(6, 6)).setImagePromptMask(none).build()),
                out);
        assertThat(out.outputs())
                .extracting(output -> ((GenerationRequested) output.event()).getPrimedTokens())
                .containsExactly(
                        ByteBuffer.wrap(PrimedTokens.toBytes(new int[] {0, 1, -1, -1, -1, -1})),
                        ByteBuffer.wrap(PrimedTokens.toBytes(new int[] {0, 1, -1, -1, -1, -1})));
        assertThat(out.rejections())
                .hasEntrySatisfying(
                        2, e -> assertRejected(e, "invalid_option", "mask has 6x6 pixels"))
                .hasEntrySatisfying(
                        3, e -> assertRejected(e, "invalid_option", "no transparent pixel"));
    }

    @Test
    void aVariationKeepsEverySecondTokenAndIsScoredByLikenessToItsPicture() {
        stage.process(List.of(caption().setImagePrompt(png(6, 6)).setVariation(true).build()), out);
        assertThat(EventCodec.bytes(task().getPrimedTokens()))
                .isEqualTo(PrimedTokens.toBytes(new int[] {0, -1, -1, 3, 4, -1}));
        assertThat(task().getTextTokens()).as("no caption").isEmpty();
        assertThat(Embeddings.fromBytes(EventCodec.bytes(task().getTextEmbedding())))
                .containsExactly(0, 1);
    }

    @Test
    void withoutAClipCaptionsHaveNoEmbeddingAndNothingIsCompared() {
        EncoderStage bare = stage(new LetterEncoder(false));
        bare.open();
        bare.selfTest();
        bare.process(
                List.of(
                        caption().build(),
                        caption().setImagePrompt(png(6, 6)).setVariation(true).build(),
                        rescored(drawn(2))),
                out);
        assertThat(task().getTextEmbedding().remaining()).isZero();
        assertThat(out.rejections())
                .hasSize(2)
                .hasEntrySatisfying(
                        1, e -> assertRejected(e, "invalid_option", "letters@1 has no CLIP"))
                .hasEntrySatisfying(
                        2, e -> assertRejected(e, "other_model", "letters@1 without a CLIP"));
    }

    @Test
    void badCaptionsAreRejectedAndTheirNeighboursGoOn() {
        ByteBuffer text = ByteBuffer.wrap("no picture".getBytes());
        stage.process(
                List.of(
                        caption().setCaption("").build(),
                        caption(o -> o.setTop(99)).build(),
                        caption(o -> o.setGuidance(4.0)).build(),
                        caption().setCaption("x".repeat(33)).build(),
                        caption().setImagePrompt(text).setImagePromptRows(1).build(),
                        caption().setImagePrompt(png(5, 5)).setImagePromptRows(3).build(),
                        caption().setImagePrompt(cut(png(50, 50))).setImagePromptRows(1).build(),
                        caption().build()),
                out);
        assertThat(out.rejections())
                .hasSize(7)
                .hasEntrySatisfying(0, e -> assertRejected(e, "invalid_caption", "empty"))
                .hasEntrySatisfying(1, e -> assertRejected(e, "invalid_option", "99"))
                .hasEntrySatisfying(2, e -> assertRejected(e, "invalid_option", "guided"))
                .hasEntrySatisfying(3, e -> assertRejected(e, "caption_too_long", "tokens"))
                .hasEntrySatisfying(
                        4, e -> assertRejected(e, "invalid_option", "PNG, JPEG or WebP"))
                .hasEntrySatisfying(
                        5, e -> assertRejected(e, "invalid_option", "3 rows and 0 columns"))
                .hasEntrySatisfying(6, e -> assertRejected(e, "invalid_option", "damaged"));
        assertThat(out.outputs()).singleElement().extracting(Outbox.Output::index).isEqualTo(7);
    }

    /** Candidate k has the grid of token k, the seed 100 + k and the log-probability -k. */
    private static DrawnCandidates.Builder drawn(int candidates) {
        return DrawnCandidates.newBuilder()
                .setModel("other@0")
                .setDvae("dvae@1")
                .setGridHeight(1)
                .setGridWidth(1)
                .setSeeds(LongStream.range(0, candidates).mapToObj(k -> 100 + k).toList())
                .setLogProbabilities(
                        IntStream.range(0, candidates).mapToObj(k -> -1.0 * k).toList())
                .setTokens(
                        PackedTokens.pack(
                                IntStream.range(0, candidates)
                                        .mapToObj(EncoderStageTest::tokens)
                                        .toList()));
    }

    private static ByteBuffer tokens(int token) {
        return ByteBuffer.wrap(new TokenGrid(1, 1, new int[] {token}).toBytes());
    }

    @Test
    void aCaptionThatBringsItsCandidatesGoesPastTheGenerator() {
        CaptionSubmitted caption =
                caption()
                        .setCaption("too long to be drawn, not to be scored")
                        .setDrawn(drawn(70).build())
                        .setOptions(
                                DrawingOptions.newBuilder()
                                        .setCandidates(70)
                                        .setTop(2)
                                        .setTemperature(0.5)
                                        .setTopK(40)
                                        .setGuidance(3.0)
                                        .build())
                        .build();
        stage.process(List.of(caption), out);

        assertThat(out.rejections()).isEmpty();
        assertThat(out.outputs())
                .allSatisfy(output -> assertThat(output.topic()).isEqualTo(Topics.TOKEN_GRIDS));
        List<GridsDrawn> events =
                out.outputs().stream().map(output -> (GridsDrawn) output.event()).toList();
        assertThat(events).extracting(event -> event.getGrids().size()).containsExactly(32, 32, 6);
        assertThat(events)
                .allSatisfy(
                        event -> {
                            assertThat(event.getRequest()).isEqualTo(stage.request(caption));
                            assertThat(event.getModel()).isEqualTo("letters@1");
                            assertThat(event.getOptions().getCandidates()).isEqualTo(70);
                            assertThat(event.getOptions().getTop()).isEqualTo(2);
                            assertThat(event.getOptions().getTemperature()).isEqualTo(0.5);
                            assertThat(event.getOptions().getTopK()).isEqualTo(40);
                            assertThat(event.getOptions().getGuidance())
                                    .as("as drawn")
                                    .isEqualTo(3.0);
                            assertThat(
                                            Embeddings.fromBytes(
                                                    EventCodec.bytes(event.getTextEmbedding())))
                                    .containsExactly(1, 0);
                        });
        assertThat(events.get(2).getGrids().get(5))
                .isEqualTo(new DrawnGrid(69, 169L, -69.0, tokens(69)));
    }

    @Test
    void candidatesOfAnotherDvaeAreRefused() {
        stage.process(
                List.of(
                        rescored(drawn(2).setDvae("dvae@0")),
                        rescored(drawn(2).setDvae(null)),
                        rescored(drawn(2).setDvae(null).setModel("letters@1"))),
                out);
        assertThat(out.rejections())
                .hasSize(2)
                .hasEntrySatisfying(
                        0,
                        e ->
                                assertRejected(
                                        e,
                                        "other_model",
                                        "tokens of dvae@0 (model other@0), this worker has dvae@1"))
                .hasEntrySatisfying(
                        1,
                        e ->
                                assertRejected(
                                        e,
                                        "other_model",
                                        "model other@0 and stored without the id of its dVAE, this"
                                                + " worker has model letters@1"));
        assertThat(out.outputs()).extracting(Outbox.Output::index).containsExactly(2);
    }

    @Test
    void candidatesThatTheDvaeCannotHaveAreRefused() {
        stage.process(
                List.of(
                        rescored(drawn(2).setGridHeight(40_000).setGridWidth(40_000)),
                        rescored(drawn(2).setTokens(PackedTokens.pack(List.of(tokens(1))))),
                        rescored(
                                drawn(2).setTokens(
                                                PackedTokens.pack(
                                                        List.of(tokens(1), tokens(100))))),
                        rescored(drawn(3))),
                out);
        assertThat(out.outputs()).isEmpty();
        assertThat(out.rejections())
                .hasSize(4)
                .hasEntrySatisfying(
                        0,
                        e -> assertRejected(e, "malformed_event", "grids have 40000x40000 tokens"))
                .hasEntrySatisfying(1, e -> assertRejected(e, "malformed_event", "grid 2 of 2"))
                .hasEntrySatisfying(2, e -> assertRejected(e, "malformed_event", "token 100"))
                .hasEntrySatisfying(3, e -> assertRejected(e, "invalid_option", "3 seeds"));
    }

    private static CaptionSubmitted rescored(DrawnCandidates.Builder drawn) {
        return caption(o -> o.setCandidates(2).setTop(2)).setDrawn(drawn.build()).build();
    }

    private static void assertRejected(PermanentException e, String code, String messagePart) {
        assertThat(e.reasonCode()).isEqualTo(code);
        assertThat(e).hasMessageContaining(messagePart);
    }

    private static ByteBuffer png(int width, int height) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(
                    new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return ByteBuffer.wrap(bytes.toByteArray());
    }

    private static ByteBuffer cut(ByteBuffer file) {
        return file.slice(0, file.remaining() / 2);
    }

    // ---- a custom id that comes again

    private static final String PAINTED =
            """
            {"job_id": "caption-again", "request_id": "%s", "custom_id": "again",
             "caption": "ab", "model": "m", "dvae": "d", "candidates": 16, "mean_score": 0.2,
             "temperature": 0.4, "top_k": 0, "top_p": 1.0, "guidance": 1.5,
             "grid_height": 2, "grid_width": 2, "images": [%s], "ranking": []}
            """;

    /** What the stage makes of a caption whose custom id was painted from "ab", 16 candidates. */
    private void comesAgain(CaptionSubmitted caption) {
        comesAgain(caption, json -> json);
    }

    /**
     * @param change of result.json, which else is from before it held a digest
     */
    private void comesAgain(CaptionSubmitted caption, UnaryOperator<String> change) {
        String jobId = Ids.captionJobId("again");
        String requestId = Ids.requestId(jobId, "again");
        String images =
                IntStream.rangeClosed(1, 4)
                        .mapToObj(
                                rank ->
                                        "{\"rank\": %d, \"key\": \"%s%d.png\", \"sha256\": \"00\"}"
                                                .formatted(
                                                        rank,
                                                        ResultFile.folder(jobId, requestId),
                                                        rank))
                        .collect(Collectors.joining(", "));
        ResultFile painted = resultFile(change.apply(PAINTED.formatted(requestId, images)));
        EarlierAnswers answers =
                new EarlierAnswers(
                        (job, request) ->
                                Optional.of(painted)
                                        .filter(
                                                file ->
                                                        file.jobId().equals(job)
                                                                && file.requestId()
                                                                        .equals(request)));
        EncoderStage withBucket =
                new EncoderStage(
                        LetterEncoder::new,
                        () -> answers,
                        false,
                        Clock.fixed(NOON, ZoneOffset.UTC));
        withBucket.open();
        withBucket.process(List.of(caption), out);
    }

    private static ResultFile resultFile(String json) {
        try {
            return ResultFile.parse(json.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static CaptionSubmitted.Builder again(String text) {
        return caption().setJobId(null).setCustomId("again").setCaption(text);
    }

    @Test
    void theSameRequestHasTheAnswerThatItHad() {
        comesAgain(again("ab").build());
        assertThat(out.rejections()).isEmpty();
        assertThat(out.outputs())
                .filteredOn(output -> output.topic() == Topics.RESULTS)
                .singleElement()
                .extracting(output -> (RequestFinished) output.event())
                .satisfies(
                        result -> {
                            assertThat(result.getStatus()).isEqualTo(RequestStatus.COMPLETED);
                            assertThat(result.getImages()).hasSize(4);
                            assertThat(result.getFinishedAt()).isEqualTo(NOON);
                        });
        assertThat(out.outputs()).noneMatch(output -> output.topic() == Topics.GENERATION_TASKS);
    }

    static Stream<CaptionSubmitted> others() {
        return Stream.of(
                again("ba").build(),
                again("ab").setOptions(options(one -> one.setCandidates(8))).build(),
                again("ab").setOptions(options(one -> one.setTop(2))).build(),
                again("ab").setOptions(options(one -> one.setTemperature(1.))).build(),
                again("ab").setOptions(options(one -> one.setTopK(5))).build(),
                again("ab").setOptions(options(one -> one.setTopP(0.5))).build(),
                again("ab").setOptions(options(one -> one.setGuidance(3.))).build(),
                again("ab").setOptions(options(one -> one.setOutputFormat("webp"))).build());
    }

    private static DrawingOptions options(UnaryOperator<DrawingOptions.Builder> change) {
        return change.apply(DrawingOptions.newBuilder()).build();
    }

    @ParameterizedTest
    @MethodSource("others")
    void anotherRequestUnderTheSameIdIsADeadLetterAndTheFirstOnesResultStays(
            CaptionSubmitted other) {
        comesAgain(other);
        assertThat(out.outputs()).allMatch(output -> output.topic() == Topics.JOBS);
        assertThat(out.rejections().get(0))
                .hasMessageContaining("custom_id 'again' was painted before")
                .hasMessageContaining("delete that job")
                .satisfies(
                        refused -> {
                            assertThat(refused.reasonCode()).isEqualTo("duplicate_custom_id");
                            assertThat(refused.isAnswered()).isTrue();
                        });
    }

    @Test
    void theDigestTellsWhetherTheRequestIsTheSame() {
        CaptionSubmitted webp =
                again("ab").setOptions(options(one -> one.setOutputFormat("webp"))).build();
        String digest = RequestDigest.setIn(webp).getOptions().getRequestSha256();
        UnaryOperator<String> digested =
                json -> json.replaceFirst("\\{", "{\"request_sha256\": \"%s\",".formatted(digest));

        comesAgain(webp, digested);
        assertThat(out.outputs()).anyMatch(output -> output.topic() == Topics.RESULTS);
        assertThat(out.rejections()).isEmpty();

        CaptionSubmitted.Builder smaller = CaptionSubmitted.newBuilder(webp);
        smaller.getOptionsBuilder().setOutputCompression(80).setRequestSha256(digest);
        comesAgain(smaller.build(), digested);
        assertThat(out.rejections().get(0).reasonCode()).isEqualTo("duplicate_custom_id");
    }

    @Test
    void anotherCompressionIsAnotherRequestAlsoWhereNoDigestWasKept() {
        CaptionSubmitted smaller =
                again("ab")
                        .setOptions(
                                options(
                                        one ->
                                                one.setOutputFormat("webp")
                                                        .setOutputCompression(80)))
                        .build();
        comesAgain(smaller, json -> json.replaceFirst("\\{", "{\"output_format\": \"webp\","));
        assertThat(out.rejections().get(0).reasonCode()).isEqualTo("duplicate_custom_id");
    }

    @Test
    void aTaskCarriesTheDigestOfItsCaption() {
        stage.process(List.of(caption().build()), out);
        assertThat(task().getOptions().getRequestSha256())
                .isEqualTo(RequestDigest.setIn(caption().build()).getOptions().getRequestSha256());
    }

    @Test
    void anIdThatWasNotPaintedYetIsDrawn() {
        comesAgain(again("ab").setCustomId("new").build());
        assertThat(task().getRequest().getCustomId()).isEqualTo("new");
    }
}
