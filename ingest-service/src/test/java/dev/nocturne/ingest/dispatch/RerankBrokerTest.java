package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawnCandidates;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.file.StoredObject;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.result.StoredRequest;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.CaptionRules;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a finished job leaves, and what can be made of it later; the test is the decoder. */
class RerankBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String API = "http://localhost:8080/";

    @Test
    void theCandidatesOfAFinishedJobCanBeSeenRenderedAndRankedAgain() throws Exception {
        try (IngestService ingest =
                Ingest.service(kafka, store, new SimpleMeterRegistry(), Clock.systemUTC())) {
            ingest.start();
            await().atMost(PATIENCE).until(() -> ingest.health().ready());
            String lines =
                    """
                    {"custom_id":"a","prompt":"a cat"}
                    {"custom_id":"b","prompt":"a dog"}
                    {"custom_id":"c","prompt":"a cow"}
                    """;
            String id =
                    ingest.api()
                            .jobs()
                            .submit(
                                    new CaptionUpload(
                                            new ByteArrayInputStream(lines.getBytes(UTF_8)),
                                            null,
                                            Map.of()),
                                    null,
                                    API)
                            .job()
                            .id();
            paint(id, "c", "a cow", "");
            finish(JobStateTest.failed(id, "b", 2));
            paint(id, "a", "a cat", "\"dvae\":\"dvae@1\",");
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(id).status() == Job.Status.COMPLETED);

            theFilesAreInTheOrderOfTheInput(ingest, id, lines);
            everyCandidateCanBeSeenAndRendered(ingest, id);
            theJobCanBeRankedAgain(ingest, id);
            theJobCanBeScoredAgain(ingest, id);
            anObjectThatCannotBeReadHoldsNobodyUp(ingest, id);
        }
    }

    private void theFilesAreInTheOrderOfTheInput(IngestService ingest, String id, String lines)
            throws Exception {
        assertThat(text(ingest, id, "input.jsonl")).isEqualTo(lines);
        assertThat(values(text(ingest, id, "output.jsonl"), "custom_id")).containsExactly("a", "c");
        assertThat(values(text(ingest, id, "errors.jsonl"), "custom_id")).containsExactly("b");
        String candidates = text(ingest, id, "candidates.jsonl");
        assertThat(values(candidates, "custom_id")).containsExactly("a", "a", "a", "c", "c", "c");
        assertThat(values(candidates, "seed"))
                .containsExactly("102", "100", "101", "102", "100", "101");
        assertThat(values(candidates, "tokens"))
                .containsExactly("AgA=", "AAA=", "AQA=", "AgA=", "AAA=", "AQA=");
        assertThat(text(ingest, id, "index.html").indexOf("a cat"))
                .isPositive()
                .isLessThan(text(ingest, id, "index.html").indexOf("a cow"));

        JsonNode manifest = JSON.readTree(text(ingest, id, "manifest.json"));
        List<String> names = new ArrayList<>();
        for (JsonNode file : manifest.get("files")) {
            names.add(file.get("name").textValue());
            byte[] bytes = store.get("jobs/%s/%s".formatted(id, names.get(names.size() - 1)));
            assertThat(bytes).hasSize(file.get("bytes").intValue());
            assertThat(file.get("sha256").textValue()).isEqualTo(sha256(bytes));
        }
        names.add("manifest.json");
        assertThat(store.list("jobs/%s/".formatted(id)))
                .containsExactlyInAnyOrderElementsOf(
                        names.stream().map(name -> "jobs/%s/%s".formatted(id, name)).toList());
        assertThatThrownBy(() -> ingest.api().jobFiles().file(id, "../other/manifest.json"))
                .hasMessageContaining("has no file");
    }

    private void everyCandidateCanBeSeenAndRendered(IngestService ingest, String id)
            throws Exception {
        String requestId = Ids.requestId(id, "a");
        String images = "%sv1/images/%s/%s/".formatted(API, id, requestId);
        assertThat(ingest.api().candidates().request(id, requestId, API).candidates())
                .extracting(
                        StoredRequest.Candidate::rank,
                        StoredRequest.Candidate::candidate,
                        StoredRequest.Candidate::published,
                        StoredRequest.Candidate::url)
                .containsExactly(
                        tuple(1, 2, true, images + "1.png"),
                        tuple(2, 0, false, images + "candidates/0.png"),
                        tuple(3, 1, false, images + "candidates/1.png"));
        assertThatThrownBy(() -> ingest.api().candidates().request(id, Ids.requestId(id, "b"), API))
                .hasMessageContaining("has no pictures");

        assertThat(bytes(ingest.api().candidates().candidate(id, requestId, "2.png")))
                .isEqualTo(store.get("jobs/%s/images/%s/1.png".formatted(id, requestId)));
        CompletionStage<StoredObject> asked =
                ingest.api().candidates().candidate(id, requestId, "1.png");
        CandidatesRanked rendering = selections().get(0);
        assertThat(rendering.getWinners())
                .extracting(RankedGrid::getRank, RankedGrid::getSeed)
                .containsExactly(tuple(3, 101L));
        decode(rendering);
        assertThat(bytes(asked)).isEqualTo("picture 1".getBytes(UTF_8));
        assertThat(bytes(ingest.api().candidates().candidate(id, requestId, "1.png")))
                .isEqualTo("picture 1".getBytes(UTF_8));
        assertThat(selections()).as("rendered once").hasSize(1);
        assertThatThrownBy(() -> ingest.api().candidates().candidate(id, requestId, "3.png"))
                .hasMessageContaining("name one of 0 to 2");
    }

    private void theJobCanBeRankedAgain(IngestService ingest, String id) throws Exception {
        assertThatThrownBy(
                        () ->
                                ingest.api()
                                        .followUps()
                                        .rerank(id, JSON.readTree("{\"top\":65}"), null, API))
                .hasMessageContaining("must be 1 to 64");
        Job child = ingest.api().followUps().rerank(id, JSON.readTree("{\"top\":2}"), "key", API);
        assertThat(
                        ingest.api()
                                .followUps()
                                .rerank(id, JSON.readTree("{\"top\":2}"), "key", API)
                                .id())
                .isEqualTo(child.id());
        assertThatThrownBy(
                        () ->
                                ingest.api()
                                        .followUps()
                                        .rerank(id, JSON.readTree("{\"top\":1}"), "key", API))
                .hasMessageContaining("came before with another request");
        assertThatThrownBy(
                        () ->
                                ingest.api()
                                        .followUps()
                                        .rerank(
                                                child.id(),
                                                JSON.readTree("{\"top\":2}"),
                                                null,
                                                API))
                .hasMessageContaining("nothing to rank again");
        await().atMost(PATIENCE).until(() -> selections(child).size() == 2);

        List<CandidatesRanked> replayed = selections(child);
        assertThat(replayed)
                .extracting(ranked -> ranked.getRequest().getCustomId())
                .containsExactlyInAnyOrder("a", "c");
        assertThat(replayed)
                .allSatisfy(
                        ranked -> {
                            assertThat(ranked.getWinners())
                                    .extracting(RankedGrid::getCandidate)
                                    .containsExactly(2, 0);
                            assertThat(ranked.getOthers())
                                    .extracting(OtherCandidate::getCandidate)
                                    .containsExactly(1);
                            assertThat(PackedTokens.unpack(ranked.getOtherTokens(), 1, 2))
                                    .containsExactly(tokens(1));
                        });
        replayed.forEach(this::decode);
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(child.id()).status() == Job.Status.COMPLETED);
        assertThat(ingest.api().jobs().job(child.id()).counts())
                .isEqualTo(new Job.Counts(2, 2, 0, 0, 0, 0));
        assertThat(ingest.api().batches().batch(child.id()).metadata())
                .containsEntry("parent_batch", id);
    }

    private void theJobCanBeScoredAgain(IngestService ingest, String id) throws Exception {
        Job child =
                ingest.api().followUps().rerank(id, JSON.readTree("{\"rescore\":true}"), null, API);
        await().atMost(PATIENCE).until(() -> captions(child.id()).size() == 2);
        List<CaptionSubmitted> captions = captions(child.id());
        assertThat(captions)
                .extracting(
                        CaptionSubmitted::getCustomId,
                        CaptionSubmitted::getCaption,
                        caption -> caption.getDrawn().getDvae())
                .containsExactlyInAnyOrder(
                        tuple("a", "a cat", "dvae@1"), tuple("c", "a cow", null));
        assertThat(captions).allSatisfy(RerankBrokerTest::bringsItsCandidates);
        assertThat(captions)
                .extracting(caption -> caption.getOptions().getTop())
                .as("as many as the parent has")
                .containsExactly(1, 1);
        assertThat(selections(child)).as("its scores are not known yet").isEmpty();

        finish(JobStateTest.completed(child.id(), "a", 1));
        finish(JobStateTest.failed(child.id(), "c", 1));
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(child.id()).status() == Job.Status.COMPLETED);
        String retry = ingest.api().followUps().retryFailed(child.id(), null, API).id();
        await().atMost(PATIENCE).until(() -> captions(retry).size() == 1);
        assertThat(captions(retry).get(0).getCustomId()).isEqualTo("c");
        assertThat(captions(retry)).allSatisfy(RerankBrokerTest::bringsItsCandidates);

        ingest.api().batches().cancel(retry);
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(retry).status() == Job.Status.CANCELLED);
        assertThat(ingest.api().jobs().job(retry).counts())
                .isEqualTo(new Job.Counts(1, 0, 0, 1, 0, 0));

        Job wider =
                ingest.api()
                        .followUps()
                        .rerank(id, JSON.readTree("{\"top\":64,\"rescore\":true}"), null, API);
        await().atMost(PATIENCE).until(() -> captions(wider.id()).size() == 2);
        assertThat(captions(wider.id()))
                .extracting(caption -> caption.getOptions().getTop())
                .as("all that there are")
                .containsExactly(3, 3);
        finish(JobStateTest.completed(wider.id(), "a", 1));
        finish(JobStateTest.completed(wider.id(), "c", 1));
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(wider.id()).status() == Job.Status.COMPLETED);
    }

    private static void bringsItsCandidates(CaptionSubmitted caption) {
        DrawnCandidates drawn = caption.getDrawn();
        assertThat(drawn.getModel()).isEqualTo("m@0");
        assertThat(drawn.getSeeds()).containsExactly(100L, 101L, 102L);
        assertThat(drawn.getLogProbabilities()).containsExactly(0.0, -1.0, -2.0);
        assertThat(PackedTokens.unpack(drawn.getTokens(), 3, 2))
                .containsExactly(tokens(0), tokens(1), tokens(2));
        assertThat(CaptionRules.validate(caption)).isEmpty();
    }

    private List<CaptionSubmitted> captions(String jobId) {
        return Published.in(Topics.CAPTIONS, kafka).stream()
                .filter(caption -> jobId.equals(caption.getJobId()))
                .toList();
    }

    private void anObjectThatCannotBeReadHoldsNobodyUp(IngestService ingest, String id)
            throws Exception {
        String requestId = Ids.requestId(id, "a");
        store.put(ResultFile.key(id, requestId), "{}".getBytes(UTF_8), "application/json");
        assertThatThrownBy(() -> ingest.api().candidates().request(id, requestId, API))
                .isInstanceOf(IngestException.class)
                .hasMessageContaining("cannot be read");
        String away = ResultFile.key(id, Ids.requestId(id, "c"));
        store.away.add(away);
        Job child = ingest.api().followUps().rerank(id, JSON.readTree("{\"top\":2}"), null, API);
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(child.id()).counts().total() == 2);
        Job scored =
                ingest.api().followUps().rerank(id, JSON.readTree("{\"rescore\":true}"), null, API);
        int published = Published.in(Topics.CAPTIONS, kafka).size();
        String line = "{\"prompt\":\"a fox\"}";
        ingest.api()
                .jobs()
                .submit(
                        new CaptionUpload(
                                new ByteArrayInputStream(line.getBytes(UTF_8)), null, Map.of()),
                        null,
                        API)
                .job();
        assertThat(Published.await(Topics.CAPTIONS, kafka, published + 1)).hasSize(published + 1);

        store.away.remove(away);
        await().atMost(PATIENCE).until(() -> selections(child).size() == 1);
        selections(child).forEach(this::decode);
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(child.id()).status() == Job.Status.COMPLETED);
        assertThat(ingest.api().jobs().job(child.id()).counts())
                .isEqualTo(new Job.Counts(2, 1, 1, 0, 0, 0));
        assertThat(selections(child)).as("sent once").hasSize(1);

        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(scored.id()).counts().failed() == 1);
        assertThat(failure(ingest, scored.id()).message())
                .contains(requestId, "does not hold the tokens of all candidates");
    }

    private static RequestResult.Failure failure(IngestService ingest, String id) throws Exception {
        List<RequestResult> failed = new ArrayList<>();
        ingest.api()
                .results()
                .read(
                        id,
                        result -> {
                            if (result.failure() != null) {
                                failed.add(result);
                            }
                        });
        return failed.get(0).failure();
    }

    private List<CandidatesRanked> selections(Job job) {
        return selections().stream()
                .filter(ranked -> ranked.getRequest().getJobId().equals(job.id()))
                .toList();
    }

    /**
     * Stores a request whose candidates rank 2, 0, 1, of which the first is published.
     *
     * @param dvae a field, or nothing, as before it was stored
     */
    private void paint(String job, String customId, String caption, String dvae) {
        RequestRef request = new RequestRef(job, Ids.requestId(job, customId), customId, caption);
        String images = "jobs/%s/images/%s/".formatted(job, request.getRequestId());
        byte[] picture = "picture 2".getBytes(UTF_8);
        store.put(images + "1.png", picture, "image/png");
        store.put(
                images + "result.json",
                """
                {"job_id":"%s","request_id":"%s","custom_id":"%s","caption":"%s","model":"m@0",%s
                 "candidates":3,"mean_score":0.25,"temperature":1.0,"top_k":0,"top_p":1.0,
                 "guidance":1.0,"grid_height":1,"grid_width":1,
                 "images":[{"rank":1,"key":"%s1.png","sha256":"%s","bytes":9,"candidate":2,
                  "seed":102,"score":0.5,"log_probability":-2.0}],
                 "ranking":[
                  {"rank":1,"candidate":2,"seed":102,"score":0.5,"log_probability":-2.0,"tokens":"AgA="},
                  {"rank":2,"candidate":0,"seed":100,"score":0.25,"log_probability":0.0,"tokens":"AAA="},
                  {"rank":3,"candidate":1,"seed":101,"score":0.0,"log_probability":-1.0,"tokens":"AQA="}]}
                """
                        .formatted(
                                job,
                                request.getRequestId(),
                                customId,
                                caption,
                                dvae,
                                images,
                                sha256(picture))
                        .getBytes(UTF_8),
                "application/json");
        StoredImage image =
                new StoredImage(1, images + "1.png", sha256(picture), 9L, 2, 102L, 0.5f, -2.0);
        finish(
                new RequestFinished(
                        request, RequestStatus.COMPLETED, List.of(image), null, Instant.now()));
    }

    private void decode(CandidatesRanked ranked) {
        String images =
                "jobs/%s/images/%s/"
                        .formatted(
                                ranked.getRequest().getJobId(), ranked.getRequest().getRequestId());
        List<StoredImage> stored = new ArrayList<>();
        for (RankedGrid winner : ranked.getWinners()) {
            String key = images + winner.getRank() + ".png";
            byte[] picture = ("picture " + winner.getTokens().get(0)).getBytes(UTF_8);
            store.put(key, picture, "image/png");
            stored.add(
                    new StoredImage(
                            winner.getRank(),
                            key,
                            sha256(picture),
                            (long) picture.length,
                            winner.getCandidate(),
                            winner.getSeed(),
                            winner.getScore(),
                            winner.getLogProbability()));
        }
        finish(
                new RequestFinished(
                        ranked.getRequest(), RequestStatus.COMPLETED, stored, null, Instant.now()));
    }

    private static ByteBuffer tokens(int token) {
        return ByteBuffer.wrap(new byte[] {(byte) token, 0});
    }

    private static byte[] bytes(CompletionStage<StoredObject> picture) throws Exception {
        return picture.toCompletableFuture()
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .readAllBytes();
    }

    private static String text(IngestService ingest, String id, String name) throws Exception {
        return new String(ingest.api().jobFiles().file(id, name).readAllBytes(), UTF_8);
    }

    private static List<String> values(String lines, String field) throws Exception {
        List<String> values = new ArrayList<>();
        for (String line : lines.split("\n")) {
            values.add(JSON.readTree(line).get(field).asText());
        }
        return values;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private List<CandidatesRanked> selections() {
        return Published.in(Topics.SELECTIONS, kafka);
    }
}
