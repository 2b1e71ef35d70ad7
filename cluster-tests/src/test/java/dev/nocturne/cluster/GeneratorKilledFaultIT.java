package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A generator is killed in the middle of a job, which a poison record is part of. */
class GeneratorKilledFaultIT {
    private static final String JOB = "job-killed";
    private static final int CAPTIONS = 24;
    private static final List<String> JOB_FILES =
            List.of(
                    "candidates.jsonl",
                    "errors.jsonl",
                    "index.html",
                    "manifest.json",
                    "output.jsonl",
                    "results.jsonl");
    private static final int CANDIDATES = 16;
    private static final int TOP = 2;
    private static final int BATCH = 4;

    /** A dead member is in its group until its session ends: 45 s. */
    private static final Duration COMPLETION_TIMEOUT = Duration.ofMinutes(5);

    @TempDir Path folder;

    @Test
    void theJobCompletesAndEveryCandidateCountsOnce() throws Exception {
        ModelBundle model = TinyModel.write(folder.resolve("model"));
        Map<String, String> environment =
                Map.of(
                        "NOCTURNE_GENERATOR_BATCH",
                        Integer.toString(BATCH),
                        // several processes share this machine's cores; threads would only wait
                        "OMP_NUM_THREADS",
                        "1");
        try (Cluster cluster = new Cluster(folder, model.directory(), environment)) {
            cluster.startServices();
            publishJob(cluster);

            await("some results")
                    .atMost(COMPLETION_TIMEOUT)
                    .until(() -> results(cluster).size() >= 3);
            cluster.service("generator-worker").kill();
            assertThat(results(cluster)).as("killed before the end").hasSizeLessThan(CAPTIONS);
            cluster.start("generator-worker");

            await("job completed")
                    .atMost(COMPLETION_TIMEOUT)
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> job(cluster).get("status").asText().equals("completed"));

            assertThat(job(cluster).get("counts").get("completed").asInt()).isEqualTo(CAPTIONS);
            assertThat(job(cluster).get("counts").get("failed").asInt()).isEqualTo(1);
            everyCandidateCountsOnce(cluster);
            everyObjectIsStoredOnce(cluster);
            thePoisonRecordIsADeadLetter(cluster);
            theGridsAreThoseOfTheModelAlone(cluster, model);
            cluster.terminateServices();
        }
    }

    private static String customId(int caption) {
        return "caption-" + caption;
    }

    private static String requestId(int caption) {
        return Ids.requestId(JOB, customId(caption));
    }

    /** One more request than captions: the poison record has a key, but its value is no event. */
    private static void publishJob(Cluster cluster) {
        Instant now = Instant.now();
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(cluster.kafka().producer())) {
            producer.send(
                    new ProducerRecord<>(
                            Topics.JOBS.name(),
                            JOB.getBytes(UTF_8),
                            EventCodec.encode(new JobSubmitted(JOB, CAPTIONS + 1, now, null))));
            for (int i = 0; i < CAPTIONS; i++) {
                CaptionSubmitted caption =
                        CaptionSubmitted.newBuilder()
                                .setJobId(JOB)
                                .setCustomId(customId(i))
                                .setCaption("a red heart and " + i + " stars")
                                .setSeed((long) i)
                                .setSubmittedAt(now)
                                .setOptions(
                                        DrawingOptions.newBuilder()
                                                .setCandidates(CANDIDATES)
                                                .setTop(TOP)
                                                .build())
                                .build();
                send(producer, i, EventCodec.encode(caption));
            }
            send(producer, CAPTIONS, "not an event".getBytes(UTF_8));
        }
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, int caption, byte[] value) {
        byte[] key = Ids.key(JOB, requestId(caption)).getBytes(UTF_8);
        producer.send(new ProducerRecord<>(Topics.CAPTIONS.name(), key, value));
    }

    private static JsonNode job(Cluster cluster) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(cluster.url("ingest-service") + "/v1/jobs/" + JOB))
                        .build();
        return new ObjectMapper()
                .readTree(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
    }

    private static List<RequestFinished> results(Cluster cluster) {
        return TopicReader.events(cluster.kafka(), Topics.RESULTS);
    }

    private static void everyCandidateCountsOnce(Cluster cluster) {
        Map<String, List<Integer>> drawn = new HashMap<>();
        for (GridsDrawn event : TopicReader.events(cluster.kafka(), Topics.TOKEN_GRIDS)) {
            List<Integer> candidates =
                    drawn.computeIfAbsent(
                            event.getRequest().getRequestId(), id -> new ArrayList<>());
            event.getGrids().stream().map(DrawnGrid::getCandidate).forEach(candidates::add);
        }
        Map<String, List<Integer>> scored = new HashMap<>();
        for (GridsScored event : TopicReader.events(cluster.kafka(), Topics.SCORED_GRIDS)) {
            List<Integer> candidates =
                    scored.computeIfAbsent(
                            event.getRequest().getRequestId(), id -> new ArrayList<>());
            event.getGrids().stream().map(ScoredGrid::getCandidate).forEach(candidates::add);
        }
        Integer[] eachOnce = IntStream.range(0, CANDIDATES).boxed().toArray(Integer[]::new);
        for (int i = 0; i < CAPTIONS; i++) {
            assertThat(drawn.get(requestId(i))).containsExactlyInAnyOrder(eachOnce);
            assertThat(scored.get(requestId(i))).containsExactlyInAnyOrder(eachOnce);
        }
        assertThat(TopicReader.events(cluster.kafka(), Topics.SELECTIONS))
                .extracting(CandidatesRanked::getRequest)
                .doesNotHaveDuplicates()
                .hasSize(CAPTIONS);
        assertThat(results(cluster))
                .extracting(RequestFinished::getRequest)
                .doesNotHaveDuplicates()
                .hasSize(CAPTIONS + 1);
    }

    private static void everyObjectIsStoredOnce(Cluster cluster) {
        List<String> expected = new ArrayList<>();
        for (String name : JOB_FILES) {
            expected.add("jobs/%s/%s".formatted(JOB, name));
        }
        for (int i = 0; i < CAPTIONS; i++) {
            String images = "jobs/%s/images/%s/".formatted(JOB, requestId(i));
            expected.add(images + "result.json");
            IntStream.rangeClosed(1, TOP).forEach(rank -> expected.add(images + rank + ".png"));
        }
        assertThat(ObjectStore.open(cluster.objectStore()).list(""))
                .containsExactlyElementsOf(new TreeSet<>(expected));
    }

    private static void thePoisonRecordIsADeadLetter(Cluster cluster) {
        List<ConsumerRecord<byte[], byte[]>> deadLetters =
                TopicReader.records(cluster.kafka(), Topics.DEAD_LETTERS);
        assertThat(deadLetters).hasSize(1);
        assertThat(deadLetters.get(0).value()).isEqualTo("not an event".getBytes(UTF_8));
        assertThat(header(deadLetters.get(0), "nocturne-reason-code"))
                .isEqualTo(ReasonCodes.MALFORMED_EVENT);
        assertThat(header(deadLetters.get(0), "dead-letter-topic"))
                .isEqualTo(Topics.CAPTIONS.name());
        assertThat(results(cluster))
                .filteredOn(result -> result.getStatus() == RequestStatus.FAILED)
                .singleElement()
                .satisfies(
                        result -> {
                            assertThat(result.getRequest().getRequestId())
                                    .isEqualTo(requestId(CAPTIONS));
                            assertThat(result.getFailure().getCode())
                                    .isEqualTo(ReasonCodes.MALFORMED_EVENT);
                        });
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), UTF_8);
    }

    /** Whatever shared their batches, and whichever process drew them. */
    private static void theGridsAreThoseOfTheModelAlone(Cluster cluster, ModelBundle model)
            throws IOException {
        Map<Long, byte[]> tokensBySeed = new HashMap<>();
        TopicReader.events(cluster.kafka(), Topics.TOKEN_GRIDS).stream()
                .flatMap(event -> event.getGrids().stream())
                .forEach(
                        grid ->
                                tokensBySeed.put(
                                        grid.getSeed(), EventCodec.bytes(grid.getTokens())));
        try (GridGenerator generator = model.generator(BATCH)) {
            for (int i : new int[] {0, CAPTIONS - 1}) {
                int[] text = model.tokenizer().encode("a red heart and " + i + " stars");
                long seed = CandidateSeeds.seed(i, CANDIDATES - 1);
                List<DrawnCandidate> alone =
                        generator.draw(
                                List.of(new Candidate(text, seed, Sampling.PLAIN, new int[0])),
                                () -> true);
                assertThat(tokensBySeed.get(seed)).isEqualTo(alone.get(0).grid().toBytes());
            }
        }
    }
}
