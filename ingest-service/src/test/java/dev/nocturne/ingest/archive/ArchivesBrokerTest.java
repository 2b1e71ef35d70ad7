package dev.nocturne.ingest.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.result.StoredRequest;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.PictureFormat;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

/** A job in two formats, its archives and its links; the test is the decoder. */
class ArchivesBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String API = "http://localhost:8080/";

    @Test
    void thePicturesOfAJobArePackedAndLinkedInTheFormatsThatWereAskedFor() throws Exception {
        try (IngestService ingest =
                Ingest.service(kafka, store, new SimpleMeterRegistry(), Clock.systemUTC())) {
            ingest.start();
            await().atMost(PATIENCE).until(() -> ingest.health().ready());
            String lines =
                    """
                    {"custom_id":"a","prompt":"a cat","output_format":"jpeg","output_compression":80}
                    {"custom_id":"b","prompt":"a dog"}
                    """;
            String id =
                    ingest.api()
                            .jobs()
                            .submit(
                                    new CaptionUpload(
                                            new ByteArrayInputStream(lines.getBytes(UTF_8)),
                                            null,
                                            Map.of("webdataset", "true")),
                                    null,
                                    API)
                            .job()
                            .id();
            assertThat(Published.await(Topics.CAPTIONS, kafka, 2))
                    .extracting(
                            caption -> caption.getOptions().getOutputFormat(),
                            caption -> caption.getOptions().getOutputCompression())
                    .containsExactlyInAnyOrder(tuple("jpeg", 80), tuple("png", 100));
            assertThatThrownBy(() -> ingest.api().jobFiles().links(id, null))
                    .isInstanceOfSatisfying(
                            IngestException.class,
                            e -> assertThat(e.kind()).isEqualTo(IngestException.Kind.CONFLICT))
                    .hasMessageContaining("is in_progress and has no manifest");

            theShardIsTheSameWhenClosingIsRepeated(ingest, id);
            everyNameFollowsTheFormat(ingest, id);
            everyFileHasALink(ingest, id);
            aJobMadeOfThisOneIsPackedToo(ingest, id);
        }
    }

    private void theShardIsTheSameWhenClosingIsRepeated(IngestService ingest, String id)
            throws Exception {
        String manifestKey = JobKeys.manifestKey(id);
        String shardKey = "jobs/%s/webdataset-jpg/00000.tar".formatted(id);
        String stale = "jobs/%s/webdataset/00001.tar".formatted(id);
        store.put(stale, new byte[0], "application/x-tar");
        store.away.add(manifestKey);
        paint(id, "b", "a dog");
        paint(id, "a", "a cat");
        await().atMost(PATIENCE).until(() -> store.exists(shardKey));
        byte[] first = store.objects.remove(shardKey);
        await().atMost(PATIENCE).until(() -> store.exists(shardKey)); // by the next attempt
        assertThat(ingest.api().jobs().job(id).status()).isEqualTo(Job.Status.FINALIZING);
        store.away.remove(manifestKey);
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(id).status() == Job.Status.COMPLETED);

        byte[] shard = store.get(shardKey);
        assertThat(shard).isEqualTo(first);
        assertThat(store.exists(stale)).isFalse();
        Map<String, byte[]> files = WebDatasetTest.files(shard);
        assertThat(files.keySet())
                .containsExactly("00000-000000.jpg", "00000-000000.txt", "00000-000000.json");
        assertThat(files.get("00000-000000.jpg")).isEqualTo(picture("a"));
        assertThat(files.get("00000-000000.txt")).isEqualTo("a cat".getBytes(UTF_8));
        JsonNode sample = JSON.readTree(files.get("00000-000000.json"));
        assertThat(sample.get("custom_id").textValue()).isEqualTo("a");
        assertThat(sample.get("model").textValue()).isEqualTo("m@0");
        assertThat(
                        WebDatasetTest.files(
                                store.get("jobs/%s/webdataset-png/00000.tar".formatted(id))))
                .containsEntry("00000-000001.png", picture("b"));
        for (JsonNode file : manifest(id)) {
            byte[] bytes = store.get("jobs/%s/%s".formatted(id, file.get("name").textValue()));
            assertThat(file.get("bytes").intValue()).isEqualTo(bytes.length);
            assertThat(file.get("sha256").textValue()).isEqualTo(sha256(bytes));
        }
        String image = "images/%s/1.jpg".formatted(Ids.requestId(id, "a"));
        assertThat(manifest(id).findValuesAsText("name"))
                .contains(image, "webdataset-jpg/00000.tar", "webdataset-png/00000.tar");
        for (JsonNode file : manifest(id)) {
            if (file.get("name").textValue().equals(image)) {
                assertThat(sample.get("sha256")).isEqualTo(file.get("sha256"));
            }
        }
    }

    private void everyNameFollowsTheFormat(IngestService ingest, String id) throws Exception {
        String request = Ids.requestId(id, "a");
        String images = "%sv1/images/%s/%s/".formatted(API, id, request);
        JsonNode answer =
                JSON.readTree(
                        new String(
                                        ingest.api()
                                                .jobFiles()
                                                .file(id, "output.jsonl")
                                                .readAllBytes(),
                                        UTF_8)
                                .lines()
                                .findFirst()
                                .orElseThrow());
        assertThat(answer.at("/response/body/data/0/url").textValue()).isEqualTo(images + "1.jpg");
        assertThat(new String(ingest.api().jobFiles().file(id, "index.html").readAllBytes(), UTF_8))
                .contains("src=\"images/%s/1.jpg\"".formatted(request));
        assertThat(ingest.api().candidates().picture(id, request, "1.jpg").readAllBytes())
                .isEqualTo(picture("a"));
        assertThatThrownBy(() -> ingest.api().candidates().picture(id, request, "1.png"))
                .hasMessageContaining("there is no picture");
        assertThat(ingest.api().candidates().request(id, request, API).candidates())
                .extracting(StoredRequest.Candidate::url)
                .containsExactly(images + "1.jpg", images + "candidates/0.jpg");
        assertThatThrownBy(() -> ingest.api().candidates().candidate(id, request, "0.png"))
                .hasMessageContaining("name one of 0 to 1, as 0.jpg");

        ResultFile stored = ResultFile.parse(store.get(ResultFile.key(id, request)));
        CandidatesRanked again =
                stored.best(new RequestRef("j", request, "a", "a cat"), 2).orElseThrow();
        assertThat(again.getOptions().getOutputFormat()).isEqualTo("jpeg");
        assertThat(again.getOptions().getOutputCompression()).isEqualTo(80);
        ResultFile old = ResultFile.parse("{\"images\":[],\"model\":\"m\"}".getBytes(UTF_8));
        assertThat(old.outputFormat()).isEqualTo("png");
        assertThat(old.outputCompression()).isEqualTo(100);
    }

    private void everyFileHasALink(IngestService ingest, String id) throws Exception {
        Instant before = Instant.now();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ingest.api().jobFiles().links(id, "60").write(out);
        List<JsonNode> links = new ArrayList<>();
        for (String line : out.toString(UTF_8).split("\n")) {
            links.add(JSON.readTree(line));
        }
        JsonNode manifest = manifest(id);
        assertThat(links).hasSize(manifest.size());
        for (int i = 0; i < links.size(); i++) {
            JsonNode link = links.get(i);
            String name = manifest.get(i).get("name").textValue();
            assertThat(link.get("name").textValue()).isEqualTo(name);
            assertThat(link.get("url").textValue())
                    .isEqualTo("http://store/jobs/%s/%s?for=PT1M".formatted(id, name));
            assertThat(link.get("bytes")).isEqualTo(manifest.get(i).get("bytes"));
            assertThat(link.get("sha256")).isEqualTo(manifest.get(i).get("sha256"));
            assertThat(Instant.parse(link.get("expires_at").textValue()))
                    .isBetween(before.plusSeconds(59), Instant.now().plusSeconds(60));
        }
        for (String wrong : List.of("0", "-1", "604801", "soon", "1.5", "")) {
            assertThatThrownBy(() -> ingest.api().jobFiles().links(id, wrong))
                    .isInstanceOfSatisfying(
                            IngestException.class,
                            e -> assertThat(e.kind()).isEqualTo(IngestException.Kind.INVALID))
                    .hasMessageContaining(
                            "expires_in is '%s': must be 1 to 604800".formatted(wrong));
        }
        assertThatThrownBy(() -> ingest.api().jobFiles().links("job-0", null))
                .hasMessageContaining("not known");
        store.away.add(JobKeys.manifestKey(id));
        assertThatThrownBy(
                        () ->
                                ingest.api()
                                        .jobFiles()
                                        .links(id, null)
                                        .write(new ByteArrayOutputStream()))
                .isInstanceOfSatisfying(
                        IngestException.class,
                        e -> assertThat(e.kind()).isEqualTo(IngestException.Kind.UNAVAILABLE));
        store.away.clear();
    }

    private void aJobMadeOfThisOneIsPackedToo(IngestService ingest, String id) throws Exception {
        Job child = ingest.api().followUps().rerank(id, JSON.readTree("{\"top\":1}"), null, API);
        paint(child.id(), "a", "a cat");
        store.put(
                ResultFile.key(child.id(), Ids.requestId(child.id(), "a")),
                "{".getBytes(UTF_8),
                "application/json");
        paint(child.id(), "b", "a dog");
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(child.id()).status() == Job.Status.COMPLETED);
        assertThat(manifest(child.id()).findValuesAsText("name"))
                .contains("webdataset-png/00000.tar");
        assertThat(new String(store.get("jobs/%s/candidates.jsonl".formatted(child.id())), UTF_8))
                .as("what cannot be read is left out")
                .contains("\"custom_id\":\"b\"")
                .doesNotContain("\"custom_id\":\"a\"");
    }

    private JsonNode manifest(String id) throws Exception {
        return JSON.readTree(store.get(JobKeys.manifestKey(id))).get("files");
    }

    private static byte[] picture(String customId) {
        return "picture of %s".formatted(customId).getBytes(UTF_8);
    }

    /** Stores a request whose candidates rank 1, 0, of which the first is published. */
    private void paint(String job, String customId, String caption) {
        RequestRef request = new RequestRef(job, Ids.requestId(job, customId), customId, caption);
        String images = "jobs/%s/images/%s/".formatted(job, request.getRequestId());
        byte[] picture = picture(customId);
        PictureFormat format = customId.equals("a") ? PictureFormat.JPEG : PictureFormat.PNG;
        String key = images + format.fileName(1);
        store.put(key, picture, format.mediaType());
        store.put(
                images + "result.json",
                """
                {"job_id":"%s","request_id":"%s","custom_id":"%s","caption":"%s","model":"m@0",
                 "candidates":2,"mean_score":0.25,"temperature":1.0,"top_k":0,"top_p":1.0,
                 "guidance":1.0,"output_format":"%s","output_compression":80,
                 "grid_height":1,"grid_width":1,
                 "images":[{"rank":1,"key":"%s","sha256":"%s","bytes":%d,"candidate":1,
                  "seed":101,"score":0.5,"log_probability":-2.0}],
                 "ranking":[
                  {"rank":1,"candidate":1,"seed":101,"score":0.5,"log_probability":-2.0,"tokens":"AQA="},
                  {"rank":2,"candidate":0,"seed":100,"score":0.0,"log_probability":-1.0,"tokens":"AAA="}]}
                """
                        .formatted(
                                job,
                                request.getRequestId(),
                                customId,
                                caption,
                                format,
                                key,
                                sha256(picture),
                                picture.length)
                        .getBytes(UTF_8),
                "application/json");
        StoredImage image =
                new StoredImage(
                        1, key, sha256(picture), (long) picture.length, 1, 101L, 0.5f, -2.0);
        RequestFinished finished =
                new RequestFinished(
                        request, RequestStatus.COMPLETED, List.of(image), null, Instant.now());
        producer.send(
                new ProducerRecord<>(
                        Topics.RESULTS.name(),
                        Ids.key(job, request.getRequestId()).getBytes(UTF_8),
                        EventCodec.encode(finished)));
        producer.flush();
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
