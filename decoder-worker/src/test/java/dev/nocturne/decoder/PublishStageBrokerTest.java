package dev.nocturne.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.DaemonThreads;
import dev.nocturne.runtime.ObjectSink;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PaintedSizes;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the publish stage leaves in a real object store. */
class PublishStageBrokerTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
    private static final String FOLDER = folder("a");

    private static final ExecutorService WRITERS =
            Executors.newFixedThreadPool(2, DaemonThreads.named("writer"));

    @TempDir static Path dataDir;
    private static EmbeddedObjectStore endpoint;
    private static ObjectStore store;

    /** One pixel; its blue is the grid's first token. */
    private static final class PixelRenderer implements GridRenderer {

        @Override
        public String model() {
            return Examples.MODEL;
        }

        @Override
        public String dvae() {
            return "dvae@1";
        }

        @Override
        public int gridSize() {
            return 1;
        }

        /** Its words. */
        @Override
        public Integer textTokens(String caption) {
            return caption.split(" ").length;
        }

        @Override
        public int neutralToken() {
            return 0;
        }

        @Override
        public List<BufferedImage> render(List<TokenGrid> grids) {
            return grids.stream().map(PixelRenderer::pixel).toList();
        }

        @Override
        public PaintedSizes sizes() {
            return new PaintedSizes(model(), List.of(1, 4), 1);
        }

        /** Of one colour. */
        @Override
        public BufferedImage enlarge(BufferedImage picture) {
            BufferedImage large = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
            for (int i = 0; i < 16; i++) {
                large.setRGB(i % 4, i / 4, picture.getRGB(0, 0));
            }
            return large;
        }

        private static BufferedImage pixel(TokenGrid grid) {
            BufferedImage picture = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
            picture.setRGB(0, 0, grid.tokens()[0]);
            return picture;
        }

        @Override
        public void close() {}
    }

    @BeforeAll
    static void start() {
        endpoint = EmbeddedObjectStore.start(dataDir.resolve("objects"), 0);
        store = bucket("pictures");
    }

    private static ObjectStore bucket(String name) {
        ObjectStore made =
                ObjectStore.open(
                        new ObjectStoreSettings(
                                endpoint.endpoint(),
                                "us-east-1",
                                endpoint.accessKey(),
                                endpoint.secretKey(),
                                name));
        made.ensureBucket();
        return made;
    }

    @AfterAll
    static void stop() {
        endpoint.close();
    }

    private static String folder(String customId) {
        return "jobs/job-1/images/%s/".formatted(Examples.request(customId).getRequestId());
    }

    private static RequestFinished publish() {
        return publish(Examples.ranked("a", Examples.MODEL));
    }

    private static PublishStage stage(ObjectSink bucket) {
        PublishStage stage =
                new PublishStage(
                        PixelRenderer::new,
                        () -> bucket,
                        Clock.fixed(NOON, ZoneOffset.UTC),
                        WRITERS);
        stage.open();
        return stage;
    }

    private static RequestFinished publish(CandidatesRanked ranked) {
        PublishStage stage = stage(store);
        Outbox out = new Outbox(() -> true);
        stage.process(List.of(ranked), out);
        return (RequestFinished) out.outputs().get(0).event();
    }

    @Test
    void winnersAreStoredAsTheResultSays() throws Exception {
        RequestFinished finished = publish();

        assertThat(finished.getStatus()).isEqualTo(RequestStatus.COMPLETED);
        assertThat(finished.getFinishedAt()).isEqualTo(NOON);
        assertThat(finished.getImages())
                .extracting(StoredImage::getKey)
                .containsExactly(FOLDER + "1.png", FOLDER + "2.png");
        for (StoredImage image : finished.getImages()) {
            byte[] file = store.get(image.getKey());
            assertThat(file).hasSize((int) image.getBytes());
            assertThat(image.getSha256())
                    .isEqualTo(
                            HexFormat.of()
                                    .formatHex(MessageDigest.getInstance("SHA-256").digest(file)));
            BufferedImage picture = ImageIO.read(new ByteArrayInputStream(file));
            assertThat(picture.getRGB(0, 0) & 0xff).isEqualTo(image.getCandidate());
        }

        JsonNode result = new ObjectMapper().readTree(store.get(FOLDER + "result.json"));
        assertThat(result.get("caption").asText()).isEqualTo("an apple");
        assertThat(result.get("model").asText()).isEqualTo(Examples.MODEL);
        assertThat(result.get("dvae").asText()).isEqualTo("dvae@1");
        assertThat(result.get("mean_score").asDouble()).isEqualTo(0.25);
        assertThat(result.get("text_tokens").asInt()).isEqualTo(2);
        assertThat(result.get("images")).hasSize(2);
        assertThat(result.get("images").get(0).get("rank").asInt()).isEqualTo(1);
        assertThat(result.get("images").get(0).get("seed").asLong()).isEqualTo(103);
        assertThat(result.get("images").get(0).get("sha256").asText())
                .isEqualTo(finished.getImages().get(0).getSha256());

        List<JsonNode> ranking = new ArrayList<>();
        result.get("ranking").forEach(ranking::add);
        assertThat(ranking)
                .extracting(
                        entry -> entry.get("rank").intValue(),
                        entry -> entry.get("candidate").intValue(),
                        entry -> entry.get("seed").longValue(),
                        entry -> entry.get("score").doubleValue(),
                        entry -> entry.get("log_probability").doubleValue(),
                        entry -> entry.get("tokens").textValue())
                .containsExactly(
                        tuple(1, 3, 103L, 0.75, -3.0, "AwA="),
                        tuple(2, 1, 101L, 0.5, -1.0, "AQA="),
                        tuple(3, 0, 100L, 0.25, 0.0, "AAA="),
                        tuple(4, 2, 102L, -0.5, -2.0, "AgA="));
    }

    /** Notes the keys of what is stored, in the order in which that ends. */
    private record NotingSink(Storing storing, List<String> stored) implements ObjectSink {

        private interface Storing {
            void store(String key)
                    throws InterruptedException, BrokenBarrierException, TimeoutException;
        }

        static NotingSink of(Storing storing) {
            return new NotingSink(storing, Collections.synchronizedList(new ArrayList<>()));
        }

        @Override
        public boolean hasBucket() {
            return true;
        }

        @Override
        public void put(String key, byte[] bytes, String contentType) {
            try {
                storing.store(key);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new AssertionError(key + " was stored alone", e);
            }
            stored.add(key);
        }
    }

    @Test
    void picturesAreStoredSideBySideAndTheirListLast() {
        CyclicBarrier both = new CyclicBarrier(2);
        NotingSink sink =
                NotingSink.of(
                        key -> {
                            if (key.endsWith(".png")) {
                                both.await(30, TimeUnit.SECONDS);
                            }
                        });
        Outbox out = new Outbox(() -> true);
        stage(sink).process(List.of(Examples.ranked("a", Examples.MODEL)), out);

        assertThat(sink.stored)
                .containsExactlyInAnyOrder(
                        FOLDER + "1.png", FOLDER + "2.png", FOLDER + "result.json")
                .endsWith(FOLDER + "result.json");
        assertThat(out.outputs()).hasSize(1);
    }

    @Test
    void aFailedBatchLeavesNothingBehindThatIsStillStored() {
        CountDownLatch failed = new CountDownLatch(1);
        NotingSink sink =
                NotingSink.of(
                        key -> {
                            if (key.endsWith("2.png")) {
                                failed.countDown();
                                throw new TransientException("the store is away", null);
                            }
                            assertThat(failed.await(30, TimeUnit.SECONDS)).isTrue();
                        });
        List<CandidatesRanked> batch = List.of(Examples.ranked("a", Examples.MODEL));
        Outbox out = new Outbox(() -> true);

        assertThatThrownBy(() -> stage(sink).process(batch, out))
                .isInstanceOf(TransientException.class)
                .hasMessage("the store is away");

        assertThat(sink.stored).containsExactly(FOLDER + "1.png");
        assertThat(out.outputs()).isEmpty();
    }

    @Test
    void aRefusedRequestLeavesNothingOfItsNeighboursBehindThatIsStillStored() {
        CountDownLatch cameToRefused = new CountDownLatch(2);
        NotingSink sink =
                NotingSink.of(
                        key -> assertThat(cameToRefused.await(30, TimeUnit.SECONDS)).isTrue());
        CandidatesRanked refused =
                CandidatesRanked.newBuilder(Examples.ranked("b", Examples.MODEL))
                        .setOptions(
                                DrawingOptions.newBuilder(
                                                Examples.ranked("b", Examples.MODEL).getOptions())
                                        .setSize("3x3")
                                        .build())
                        .build();
        List<CandidatesRanked> batch = List.of(Examples.ranked("a", Examples.MODEL), refused);

        Outbox out =
                new Outbox(
                        () -> {
                            cameToRefused.countDown();
                            return true;
                        });

        assertThatThrownBy(() -> stage(sink).process(batch, out))
                .isInstanceOf(PermanentException.class);

        assertThat(sink.stored).hasSize(3).endsWith(FOLDER + "result.json");
    }

    @Test
    void aBucketThatVanishesIsWaitedFor() throws Exception {
        ObjectStore vanishing = bucket("vanishing");
        PublishStage stage = stage(vanishing);
        List<CandidatesRanked> batch = List.of(Examples.ranked("a", Examples.MODEL));
        Files.delete(dataDir.resolve("objects/vanishing"));

        assertThatThrownBy(() -> stage.process(batch, new Outbox(() -> true)))
                .isInstanceOf(TransientException.class)
                .hasMessageContaining("the bucket is not there");

        vanishing.ensureBucket();
        Outbox out = new Outbox(() -> true);
        stage.process(batch, out);
        assertThat(out.outputs()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"jpeg,jpg,image/jpeg", "webp,webp,image/webp"})
    void picturesAreStoredInTheFormatThatWasAskedFor(
            String format, String extension, String mediaType) throws Exception {
        RequestFinished finished =
                publish(
                        CandidatesRanked.newBuilder(Examples.ranked(format, Examples.MODEL))
                                .setOptions(
                                        DrawingOptions.newBuilder(
                                                        Examples.ranked(format, Examples.MODEL)
                                                                .getOptions())
                                                .setOutputFormat(format)
                                                .setOutputCompression(90)
                                                .build())
                                .build());
        String folder = folder(format);
        assertThat(finished.getImages())
                .extracting(StoredImage::getKey)
                .containsExactly(folder + "1." + extension, folder + "2." + extension);
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        store.link(
                                                finished.getImages().get(0).getKey(),
                                                Duration.ofMinutes(1))))
                        .build();
        HttpResponse<byte[]> picture =
                HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofByteArray());
        assertThat(picture.headers().firstValue("Content-Type")).contains(mediaType);
        assertThat(picture.body()).hasSize((int) finished.getImages().get(0).getBytes());
        JsonNode result = new ObjectMapper().readTree(store.get(folder + "result.json"));
        assertThat(result.get("output_format").asText()).isEqualTo(format);
        assertThat(result.get("output_compression").asInt()).isEqualTo(90);
    }

    private static CandidatesRanked sized(String customId, String size) {
        return CandidatesRanked.newBuilder(Examples.ranked(customId, Examples.MODEL))
                .setOptions(
                        DrawingOptions.newBuilder(
                                        Examples.ranked(customId, Examples.MODEL).getOptions())
                                .setSize(size)
                                .build())
                .build();
    }

    @ParameterizedTest
    @CsvSource({"auto, 1, 1x1", "1x1, 1, 1x1", "4x4, 4, 4x4"})
    void picturesAreStoredInTheSizeThatWasAskedFor(String size, int pixels, String told)
            throws Exception {
        String customId = "size-" + size;
        RequestFinished finished = publish(sized(customId, size));
        byte[] file = store.get(finished.getImages().get(0).getKey());
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(file));
        assertThat(picture.getWidth()).isEqualTo(pixels);
        assertThat(picture.getRGB(0, 0) & 0xff)
                .isEqualTo(finished.getImages().get(0).getCandidate());
        assertThat(
                        new String(file, StandardCharsets.ISO_8859_1)
                                .contains("upscaled_from\0" + "1x1"))
                .isEqualTo(pixels > 1);
        JsonNode result = new ObjectMapper().readTree(store.get(folder(customId) + "result.json"));
        assertThat(result.get("size").asText()).isEqualTo(told);
    }

    @Test
    void aSizeThatThisModelDoesNotPaintFailsTheRequest() {
        CandidatesRanked ranked = sized("f", "256x256");
        assertThatThrownBy(() -> publish(ranked))
                .hasMessageContaining("size is '256x256'")
                .hasMessageContaining("paints 1x1 and 4x4")
                .isInstanceOfSatisfying(
                        PermanentException.class,
                        e -> assertThat(e.reasonCode()).isEqualTo(ReasonCodes.INVALID_OPTION));
    }

    @Test
    void aFormatThatThisWorkerDoesNotKnowFailsTheRequest() {
        CandidatesRanked ranked =
                CandidatesRanked.newBuilder(Examples.ranked("e", Examples.MODEL))
                        .setOptions(
                                DrawingOptions.newBuilder(
                                                Examples.ranked("e", Examples.MODEL).getOptions())
                                        .setOutputFormat("avif")
                                        .build())
                        .build();
        assertThatThrownBy(() -> publish(ranked))
                .hasMessageContaining("output_format is 'avif'")
                .isInstanceOfSatisfying(
                        PermanentException.class,
                        e -> assertThat(e.reasonCode()).isEqualTo(ReasonCodes.MALFORMED_EVENT));
    }

    /** What a message could not hold is left out, and the rest stays. */
    @Test
    void candidatesWithoutTokensAreKeptAsWell() throws Exception {
        publish(
                CandidatesRanked.newBuilder(Examples.ranked("b", Examples.MODEL))
                        .setOtherTokens(ByteBuffer.allocate(0))
                        .build());

        JsonNode ranking =
                new ObjectMapper().readTree(store.get(folder("b") + "result.json")).get("ranking");
        assertThat(ranking).hasSize(4);
        assertThat(ranking.get(1).get("tokens").isNull()).isFalse();
        assertThat(ranking.get(2).get("tokens").isNull()).isTrue();
        assertThat(ranking.get(2).get("seed").longValue()).isEqualTo(100);
    }

    @Test
    void brokenTokensFailTheRequest() {
        CandidatesRanked ranked =
                CandidatesRanked.newBuilder(Examples.ranked("c", Examples.MODEL))
                        .setOtherTokens(ByteBuffer.wrap(new byte[] {1, 2, 3}))
                        .build();

        assertThatThrownBy(() -> publish(ranked))
                .isInstanceOfSatisfying(
                        PermanentException.class,
                        e -> assertThat(e.reasonCode()).isEqualTo(ReasonCodes.MALFORMED_EVENT));
    }

    @Test
    void publishingTwiceChangesNothing() {
        RequestFinished first = publish();
        byte[] resultFile = store.get(FOLDER + "result.json");
        assertThat(publish()).isEqualTo(first);
        assertThat(store.get(FOLDER + "result.json")).isEqualTo(resultFile);
        assertThat(store.list(FOLDER)).hasSize(3);
    }
}
