package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnCandidates;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.StoredImage;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.SeedSchemes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ResultFileTest {

    private static final RequestRef REQUEST =
            new RequestRef("job-1", Ids.requestId("job-1", "a"), "a", "an apple");

    private static final String SIZE = "  \"size\" : \"256x256\",\n";

    /** Of {@link #ranked}, as it was written before the dVAE and the format were. */
    private static final String EARLIER =
            """
            {
              "job_id" : "job-1",
              "request_id" : "%s",
              "custom_id" : "a",
              "caption" : "an apple",
              "model" : "m@1",
              "candidates" : 3,
              "mean_score" : 0.25,
              "temperature" : 0.9,
              "top_k" : 40,
              "top_p" : 0.95,
              "guidance" : 3.0,
              "grid_height" : 1,
              "grid_width" : 2,
              "images" : [ {
                "rank" : 1,
                "key" : "jobs/job-1/images/1.png",
                "sha256" : "00ff",
                "bytes" : 9,
                "candidate" : 2,
                "seed" : 102,
                "score" : 0.5,
                "log_probability" : -2.0
              } ],
              "ranking" : [ {
                "rank" : 1,
                "candidate" : 2,
                "seed" : 102,
                "score" : 0.5,
                "log_probability" : -2.0,
                "tokens" : "AgADAA=="
              }, {
                "rank" : 2,
                "candidate" : 0,
                "seed" : 100,
                "score" : 0.25,
                "log_probability" : 0.0,
                "tokens" : "AAABAA=="
              }, {
                "rank" : 3,
                "candidate" : 1,
                "seed" : 101,
                "score" : 0.0,
                "log_probability" : -1.0,
                "tokens" : "AQACAA=="
              } ]
            }"""
                    .formatted(REQUEST.getRequestId());

    private static CandidatesRanked ranked() {
        return CandidatesRanked.newBuilder()
                .setRequest(REQUEST)
                .setModel("m@1")
                .setGridHeight(1)
                .setGridWidth(2)
                .setWinners(List.of(new RankedGrid(1, 2, 102L, -2.0, 0.5f, grid(2))))
                .setMeanScore(0.25)
                .setOthers(
                        List.of(
                                new OtherCandidate(0, 100L, 0.0, 0.25f),
                                new OtherCandidate(1, 101L, -1.0, 0.0f)))
                .setOtherTokens(PackedTokens.pack(List.of(grid(0), grid(1))))
                .setOptions(
                        DrawingOptions.newBuilder()
                                .setCandidates(3)
                                .setTemperature(0.9)
                                .setTopK(40)
                                .setTopP(0.95)
                                .setGuidance(3.0)
                                .build())
                .build();
    }

    /** Two tokens, of which the first has the candidate's number. */
    private static ByteBuffer grid(int candidate) {
        return ByteBuffer.wrap(new byte[] {(byte) candidate, 0, (byte) (candidate + 1), 0});
    }

    private static ResultFile file(String dvae) {
        StoredImage image =
                new StoredImage(1, "jobs/job-1/images/1.png", "00ff", 9L, 2, 102L, 0.5f, -2.0);
        return ResultFile.of(ranked(), dvae, 5, "256x256", List.of(image));
    }

    private static ResultFile parse(String json) throws IOException {
        return ResultFile.parse(json.getBytes(UTF_8));
    }

    @Test
    void whatIsWrittenIsWhatWasWrittenWithDvaeAndFormat() {
        String model = "  \"model\" : \"m@1\",\n";
        String guidance = "  \"guidance\" : 3.0,\n";
        String width = "  \"grid_width\" : 2,\n";
        assertThat(new String(file("dvae@1").toJson(), UTF_8))
                .isEqualTo(
                        EARLIER.replace(
                                        model,
                                        model
                                                + "  \"dvae\" : \"dvae@1\",\n"
                                                + "  \"ranked_by\" : \"clip\",\n")
                                .replace(
                                        guidance,
                                        guidance
                                                + "  \"output_format\" : \"png\",\n"
                                                + "  \"output_compression\" : 100,\n"
                                                + SIZE
                                                + "  \"seed_scheme\" : 2,\n")
                                .replace(width, width + "  \"text_tokens\" : 5,\n"));
    }

    @Test
    void withoutAClipNothingHasAScoreAndTheFileSaysWhatTheOrderIs() throws IOException {
        CandidatesRanked unscored =
                CandidatesRanked.newBuilder(ranked())
                        .setMeanScore(null)
                        .setWinners(List.of(new RankedGrid(1, 2, 102L, -2.0, null, grid(2))))
                        .setOthers(
                                List.of(
                                        new OtherCandidate(0, 100L, -2.5, null),
                                        new OtherCandidate(1, 101L, -3.0, null)))
                        .build();
        StoredImage image =
                new StoredImage(1, "jobs/job-1/images/1.png", "00ff", 9L, 2, 102L, null, -2.0);
        byte[] json = ResultFile.of(unscored, "dvae@1", 5, "64x64", List.of(image)).toJson();
        assertThat(new String(json, UTF_8))
                .contains("  \"ranked_by\" : \"likelihood\",\n")
                .doesNotContain("score\"");

        ResultFile read = ResultFile.parse(json);
        assertThat(read.toJson()).isEqualTo(json);
        assertThat(read.best(REQUEST, 1))
                .as("ranked again")
                .hasValueSatisfying(
                        again -> {
                            assertThat(again.getWinners()).isEqualTo(unscored.getWinners());
                            assertThat(again.getOthers()).isEqualTo(unscored.getOthers());
                            assertThat(again.getMeanScore()).isNull();
                        });
        assertThat(read.images().get(0).worth()).isEqualTo("log-probability -2.0");
        assertThat(file("dvae@1").images().get(0).worth()).isEqualTo("score 0.500");
    }

    @Test
    void theDigestOfTheRequestIsKept() throws IOException {
        CandidatesRanked.Builder digested = CandidatesRanked.newBuilder(ranked());
        digested.getOptionsBuilder().setRequestSha256("00aa");
        byte[] json = ResultFile.of(digested.build(), "dvae@1", 5, "256x256", List.of()).toJson();
        assertThat(new String(json, UTF_8)).contains("  \"request_sha256\" : \"00aa\",\n");
        assertThat(ResultFile.parse(json).besidePictures().requestSha256()).isEqualTo("00aa");
    }

    @Test
    void filesOfEveryVersionCanBeRead() throws IOException {
        assertThat(ResultFile.parse(file("dvae@1").toJson()).toJson())
                .isEqualTo(file("dvae@1").toJson());

        ResultFile before = parse(EARLIER);
        assertThat(before.dvae()).isNull();
        assertThat(before.rankedBy()).isEqualTo(RankedBy.CLIP);
        assertThat(before.fileName(1)).isEqualTo("1.png");
        assertThat(before.seedScheme()).isEqualTo(SeedSchemes.MIXED);
        assertThat(before.textTokens()).isNull();
        assertThat(
                        new String(before.toJson(), UTF_8)
                                .replace("scheme\" : 1", "scheme\" : 2")
                                .replace("text_tokens\" : null", "text_tokens\" : 5"))
                .isEqualTo(new String(file(null).toJson(), UTF_8).replace(SIZE, ""));
        assertThat(before.size()).isNull();
        assertThat(file("dvae@1").options(1).getSize()).isEqualTo("256x256");
        assertThat(before.best(REQUEST, 1))
                .contains(
                        CandidatesRanked.newBuilder(ranked())
                                .setOptions(
                                        DrawingOptions.newBuilder(ranked().getOptions())
                                                .setTop(1)
                                                .setSeedScheme(SeedSchemes.MIXED)
                                                .build())
                                .build());

        String first = EARLIER.replaceFirst("(?s),\\s*\"ranking\".*", "}");
        assertThat(parse(first).ranking()).isEmpty();
        assertThat(parse(first).best(REQUEST, 1)).isEmpty();
        assertThat(parse(first).drawn()).isEmpty();

        String unguided = EARLIER.replace("  \"guidance\" : 3.0,\n", "");
        assertThat(parse(unguided).options(1).getGuidance()).as("off").isEqualTo(1.0);

        String later = EARLIER.replaceFirst("\\{", "{\"added_later\":{\"a\":[1]},");
        assertThat(parse(later).ranking()).hasSize(3);

        assertThatExceptionOfType(IOException.class).isThrownBy(() -> parse("{"));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> parse(EARLIER.replace("AgADAA==", "?")));
    }

    @Test
    void theBestAreRenderedAndTheOthersKept() {
        CandidatesRanked two = file("dvae@1").best(REQUEST, 2).orElseThrow();
        assertThat(two.getWinners())
                .extracting(RankedGrid::getRank, RankedGrid::getCandidate, RankedGrid::getTokens)
                .containsExactly(tuple(1, 2, grid(2)), tuple(2, 0, grid(0)));
        assertThat(two.getOthers()).extracting(OtherCandidate::getCandidate).containsExactly(1);
        assertThat(PackedTokens.unpack(two.getOtherTokens(), 1, 4)).containsExactly(grid(1));
        assertThat(file("dvae@1").best(REQUEST, 64).orElseThrow().getWinners()).hasSize(3);
    }

    @Test
    void theDrawnAreInTheOrderOfTheirNumbers() {
        DrawnCandidates drawn = file("dvae@1").drawn().orElseThrow();
        assertThat(drawn.getModel()).isEqualTo("m@1");
        assertThat(drawn.getDvae()).isEqualTo("dvae@1");
        assertThat(drawn.getSeeds()).containsExactly(100L, 101L, 102L);
        assertThat(drawn.getLogProbabilities()).containsExactly(0.0, -1.0, -2.0);
        assertThat(PackedTokens.unpack(drawn.getTokens(), 3, 4))
                .containsExactly(grid(0), grid(1), grid(2));
    }

    @Test
    void whatIsNotKeptIsNotThere() throws IOException {
        String lastWithout = EARLIER.replace("\"AQACAA==\"", "null");
        assertThat(parse(lastWithout).best(REQUEST, 2)).isPresent();
        assertThat(parse(lastWithout).best(REQUEST, 3)).isEmpty();
        assertThat(parse(lastWithout).drawn()).isEmpty();
        assertThat(parse(EARLIER.replace("\"candidates\" : 3", "\"candidates\" : 4")).drawn())
                .as("one is missing")
                .isEmpty();
    }

    /** The paper's 512 grids of 32x32 tokens fit Kafka's limit of 1 MiB, beside all the rest. */
    @Test
    void thePapersCandidatesFitACaptionAndLargerCodebooksDoNot() {
        DrawnCandidates drawn = drawn(8_192).drawn().orElseThrow();
        CaptionSubmitted caption =
                CaptionSubmitted.newBuilder()
                        .setJobId("j".repeat(128))
                        .setCustomId("𝄞".repeat(Limits.MAX_CUSTOM_ID_CHARS))
                        .setCaption("𝄞".repeat(Limits.MAX_CAPTION_CHARS))
                        .setSubmittedAt(Instant.EPOCH)
                        .setDrawn(drawn)
                        .setOptions(
                                DrawingOptions.newBuilder()
                                        .setCandidates(Limits.MAX_CANDIDATES)
                                        .build())
                        .build();
        assertThat(EventCodec.encode(caption).length).isLessThan(1_000_000);

        assertThat(drawn(65_535).drawn()).isEmpty();
    }

    private static ResultFile drawn(int codebook) {
        Random random = new Random(1);
        List<ResultFile.Candidate> ranking =
                IntStream.range(0, Limits.MAX_CANDIDATES)
                        .mapToObj(
                                k ->
                                        new ResultFile.Candidate(
                                                k + 1,
                                                k,
                                                random.nextLong(),
                                                0f,
                                                random.nextDouble(),
                                                tokens(32 * 32, codebook, random)))
                        .toList();
        return new ResultFile(
                "job-1",
                REQUEST.getRequestId(),
                "a",
                "an apple",
                "m@1",
                "dvae@1",
                null,
                Limits.MAX_CANDIDATES,
                0.0,
                new SamplingOptions(1, 0, 1, 1),
                "png",
                100,
                "64x64",
                SeedSchemes.FIRST_IS_OWN,
                32,
                32,
                5,
                null,
                List.of(),
                ranking);
    }

    private static byte[] tokens(int count, int codebook, Random random) {
        byte[] tokens = new byte[2 * count];
        for (int i = 0; i < tokens.length; i += 2) {
            int token = random.nextInt(codebook);
            tokens[i] = (byte) token;
            tokens[i + 1] = (byte) (token >> 8);
        }
        return tokens;
    }
}
