package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.RankedBy;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.Service;
import dev.nocturne.schemas.Ids;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A job is drawn by a model without a CLIP, and ranked again by others that have one, another one,
 * and another dVAE.
 */
class RescoreBrokerTest {
    private static final Duration PATIENCE = ServicesInProcess.PATIENCE;
    private static final String API = "http://localhost/";
    private static final List<String> CAPTIONS = List.of("a red heart", "a snowman");
    private static final int CANDIDATES = 40;
    private static final int TOP = 3;

    @TempDir Path folder;

    private ServicesInProcess services;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void anotherClipRanksWhatIsDrawn() throws Exception {
        ModelBundle bare = TinyModel.writeWithoutClip(folder.resolve("bare"), 1);
        ModelBundle first = TinyModel.write(folder.resolve("first"), 1, 1);
        ModelBundle otherClip = TinyModel.write(folder.resolve("other-clip"), 1, 2);
        ModelBundle otherDvae = TinyModel.write(folder.resolve("other-dvae"), 2, 2);
        try (ServicesInProcess opened = new ServicesInProcess(folder)) {
            services = opened;
            String drawn = draw(bare);
            theLikeliestAreFirst(drawn);
            String scored = aClipScoresTheSameCandidates(drawn, bare, first);
            aClipScoresTheSameCandidates(scored, first, otherClip);
            theOtherDvaeRefusesThem(drawn, bare, otherDvae);
        }
    }

    private String draw(ModelBundle model) throws IOException {
        try (Service encoder = services.encoder(model);
                Service generator = services.generator(model, 32);
                Service decoder = services.decoder(model)) {
            services.start(encoder, generator, decoder);
            StringBuilder lines = new StringBuilder();
            for (String caption : CAPTIONS) {
                lines.append(
                        "{\"custom_id\":\"%1$s\",\"prompt\":\"%1$s\",\"candidates\":%2$d,\"top\":%3$d}\n"
                                .formatted(caption, CANDIDATES, TOP));
            }
            InputStream jsonl = new ByteArrayInputStream(lines.toString().getBytes(UTF_8));
            String job =
                    services.ingest
                            .api()
                            .jobs()
                            .submit(new CaptionUpload(jsonl, null, Map.of()), null, API)
                            .job()
                            .id();
            awaitCompleted(job);
            return job;
        }
    }

    private void awaitCompleted(String job) {
        await().atMost(PATIENCE)
                .until(
                        () ->
                                services.ingest.api().jobs().job(job).status()
                                        == Job.Status.COMPLETED);
    }

    private String rescore(String job) throws IOException {
        JsonNode body = new ObjectMapper().readTree("{\"rescore\":true}");
        String child = services.ingest.api().followUps().rerank(job, body, null, API).id();
        awaitCompleted(child);
        return child;
    }

    private void theLikeliestAreFirst(String drawn) throws IOException {
        for (String caption : CAPTIONS) {
            ResultFile result = result(drawn, caption);
            assertThat(result.rankedBy()).isEqualTo(RankedBy.LIKELIHOOD);
            assertThat(result.meanScore()).isNull();
            assertThat(result.ranking())
                    .hasSize(CANDIDATES)
                    .allMatch(candidate -> candidate.score() == null)
                    .isSortedAccordingTo(
                            Comparator.comparing(ResultFile.Candidate::logProbability).reversed());
            assertThat(result.images()).hasSize(TOP);
        }
    }

    /** There is no generator: nothing can be drawn. */
    private String aClipScoresTheSameCandidates(
            String drawn, ModelBundle before, ModelBundle withClip) throws IOException {
        String rescored;
        try (Service encoder = services.encoder(withClip);
                Service decoder = services.decoder(withClip)) {
            services.start(encoder, decoder);
            rescored = rescore(drawn);
        }
        assertThat(services.ingest.api().jobs().job(rescored).counts())
                .isEqualTo(new Job.Counts(CAPTIONS.size(), CAPTIONS.size(), 0, 0, 0, 0));
        for (String caption : CAPTIONS) {
            ResultFile old = result(drawn, caption);
            ResultFile after = result(rescored, caption);
            assertThat(old.model()).isEqualTo(before.id());
            assertThat(after.model()).isEqualTo(withClip.id()).isNotEqualTo(before.id());
            assertThat(after.dvae()).isEqualTo(old.dvae()).isEqualTo(before.dvaeId());
            assertThat(after.rankedBy()).isEqualTo(RankedBy.CLIP);
            assertThat(after.images()).hasSize(TOP);
            assertThat(after.sampling()).isEqualTo(old.sampling());
            assertThat(candidates(after))
                    .usingRecursiveComparison()
                    .ignoringFields("rank", "score")
                    .isEqualTo(candidates(old));
            assertThat(order(after)).isNotEqualTo(order(old));
            scoresAreThoseOf(withClip, after);
            assertThat(after.ranking())
                    .isSortedAccordingTo(
                            Comparator.comparing(ResultFile.Candidate::score).reversed());
        }
        return rescored;
    }

    private static List<ResultFile.Candidate> candidates(ResultFile result) {
        assertThat(result.ranking()).hasSize(CANDIDATES);
        return result.ranking().stream()
                .sorted(Comparator.comparingInt(ResultFile.Candidate::candidate))
                .toList();
    }

    private static List<Integer> order(ResultFile result) {
        return result.ranking().stream().map(ResultFile.Candidate::candidate).toList();
    }

    private static void scoresAreThoseOf(ModelBundle model, ResultFile result) throws IOException {
        List<TokenGrid> grids =
                result.ranking().stream()
                        .map(
                                one ->
                                        TokenGrid.fromBytes(
                                                TinyModel.GRID, TinyModel.GRID, one.tokens()))
                        .toList();
        try (Clip clip = model.clip();
                CandidateScorer scorer = model.scorer()) {
            float[] embedding = clip.embedText(result.caption());
            float[] scores = scorer.score(grids, Collections.nCopies(grids.size(), embedding));
            for (int i = 0; i < scores.length; i++) {
                assertThat(result.ranking().get(i).score()).isCloseTo(scores[i], within(1e-5f));
            }
        }
    }

    private void theOtherDvaeRefusesThem(String drawn, ModelBundle first, ModelBundle otherDvae)
            throws IOException {
        String rescored;
        try (Service encoder = services.encoder(otherDvae)) {
            services.start(encoder);
            rescored = rescore(drawn);
        }
        Map<String, RequestResult> results = new HashMap<>();
        services.ingest
                .api()
                .results()
                .read(rescored, result -> results.put(result.customId(), result));
        assertThat(results).containsOnlyKeys(CAPTIONS);
        assertThat(new ArrayList<>(results.values()))
                .allSatisfy(
                        result -> {
                            assertThat(result.failure().code()).isEqualTo("other_model");
                            assertThat(result.failure().message())
                                    .contains(first.dvaeId(), otherDvae.dvaeId());
                        });
    }

    private ResultFile result(String job, String customId) throws IOException {
        String name = "images/%s/result.json".formatted(Ids.requestId(job, customId));
        try (InputStream in = services.ingest.api().jobFiles().file(job, name)) {
            return ResultFile.parse(in.readAllBytes());
        }
    }
}
