package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.Failure;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.SamplingOptions;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A picture that is shown while it is drawn, over HTTP; this test draws it. */
@QuarkusTest
@QuarkusTestResource(EmbeddedServers.class)
class PaintEventsBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TestHTTPResource("/")
    URI root;

    @ConfigProperty(name = "nocturne.kafka.bootstrap-servers")
    String bootstrapServers;

    @ConfigProperty(name = "nocturne.s3.endpoint")
    String endpoint;

    @ConfigProperty(name = "nocturne.s3.access-key")
    String accessKey;

    @ConfigProperty(name = "nocturne.s3.secret-key")
    String secretKey;

    private final HttpClient http = HttpClient.newHttpClient();

    private record Event(String name, JsonNode data) {}

    @BeforeEach
    void awaitReady() {
        await().atMost(PATIENCE).until(() -> get("q/health/ready").statusCode() == 200);
        RequestRef any = new RequestRef("job-any", "0123456789abcdef", "any", "any");
        await("partial images are read, from now on")
                .atMost(PATIENCE)
                .until(
                        () -> {
                            partial(any, 0, new byte[] {1});
                            return get("v1/images/job-any/0123456789abcdef/partial").statusCode()
                                    == 200;
                        });
    }

    @Test
    void partialImagesThenThePictureThenTheEnd() throws Exception {
        try (Stream<String> lines = stream("a growing heart", 2)) {
            Iterator<String> events = lines.iterator();
            CaptionSubmitted caption = caption("a growing heart");
            assertThat(caption.getOptions().getPartialImages()).isEqualTo(2);
            assertThat(caption.getOptions().getCandidates())
                    .as("the one that is seen")
                    .isEqualTo(1);
            RequestRef request = request(caption);
            String address =
                    "v1/images/%s/%s/partial".formatted(request.getJobId(), request.getRequestId());

            partial(request, 0, new byte[] {1});
            Event first = next(events);
            assertThat(first.name()).isEqualTo("image_generation.partial_image");
            assertPartial(first.data(), 0, new byte[] {1});
            HttpResponse<String> shown = get(address);
            assertThat(shown.statusCode()).isEqualTo(200);
            assertThat(shown.headers().firstValue("content-type")).contains("image/webp");

            partial(request, 0, new byte[] {1}); // drawn again, as after a death
            partial(request, 1, new byte[] {2});
            assertPartial(next(events).data(), 1, new byte[] {2});

            finish(request, 1);
            Event completed = next(events);
            assertThat(completed.name()).isEqualTo("image_generation.completed");
            assertCompleted(completed.data(), 0);
            assertThat(rest(events)).isEmpty();
            await().atMost(PATIENCE).until(() -> get(address).statusCode() == 404);
        }
    }

    private static void assertPartial(JsonNode event, int index, byte[] file) throws Exception {
        assertThat(event.fieldNames())
                .toIterable()
                .containsExactly(
                        "type",
                        "b64_json",
                        "created_at",
                        "size",
                        "quality",
                        "background",
                        "output_format",
                        "partial_image_index",
                        "seed");
        assertThat(event.get("type").textValue()).isEqualTo("image_generation.partial_image");
        assertThat(event.get("b64_json").binaryValue()).isEqualTo(file);
        assertThat(event.get("created_at").longValue())
                .isCloseTo(Instant.now().getEpochSecond(), within(60L));
        assertThat(event.get("size").textValue()).isEqualTo("64x48");
        assertThat(event.get("output_format").textValue()).isEqualTo("webp");
        assertThat(event.get("partial_image_index").intValue()).isEqualTo(index);
    }

    private static void assertCompleted(JsonNode event, int picture) throws Exception {
        assertThat(event.get("type").textValue()).isEqualTo("image_generation.completed");
        assertThat(event.get("b64_json").binaryValue()).isEqualTo(new byte[] {7, (byte) picture});
        assertThat(event.get("size").textValue()).matches("auto|\\d+x\\d+");
        assertThat(event.get("quality").textValue()).isEqualTo("auto");
        assertThat(event.get("background").textValue()).isEqualTo("opaque");
        assertThat(event.get("output_format").textValue()).isEqualTo("png");
        assertThat(event.get("usage").toString())
                .isEqualTo(
                        "{\"input_tokens\":5,\"input_tokens_details\":{\"text_tokens\":5,\"image_tokens\":0},\"output_tokens\":48,\"total_tokens\":53}");
        assertThat(event.get("rank").intValue()).isEqualTo(picture + 1);
    }

    /** Without partial images, and of every picture that was asked for. */
    @Test
    void eachPictureIsAnEvent() throws Exception {
        try (Stream<String> lines = stream("two hearts", 0, "\"n\":2,")) {
            CaptionSubmitted caption = caption("two hearts");
            assertThat(caption.getOptions().getCandidates())
                    .as("nobody sees it grow")
                    .isEqualTo(16);
            finish(request(caption), 2);
            List<Event> all = rest(lines.iterator());
            assertThat(all).hasSize(2);
            assertCompleted(all.get(0).data(), 0);
            assertCompleted(all.get(1).data(), 1);
        }
    }

    @Test
    void anEditHasEventsOfItsOwn() throws Exception {
        String form =
                """
                --b\r
                Content-Disposition: form-data; name="image"; filename="a.png"\r
                \r
                a picture\r
                --b\r
                Content-Disposition: form-data; name="prompt"\r
                \r
                an edited heart\r
                --b\r
                Content-Disposition: form-data; name="stream"\r
                \r
                true\r
                --b\r
                Content-Disposition: form-data; name="partial_images"\r
                \r
                1\r
                --b--\r
                """;
        HttpRequest edit =
                HttpRequest.newBuilder(root.resolve("v1/images/edits"))
                        .header("Content-Type", "multipart/form-data; boundary=b")
                        .POST(HttpRequest.BodyPublishers.ofString(form))
                        .build();
        try (Stream<String> lines = http.send(edit, HttpResponse.BodyHandlers.ofLines()).body()) {
            Iterator<String> events = lines.iterator();
            CaptionSubmitted caption = caption("an edited heart");
            assertThat(caption.getOptions().getPartialImages()).isEqualTo(1);
            partial(request(caption), 0, new byte[] {1});
            assertThat(next(events).name()).isEqualTo("image_edit.partial_image");
            finish(request(caption), 1);
            Event completed = next(events);
            assertThat(completed.name()).isEqualTo("image_edit.completed");
            assertThat(completed.data().get("type").textValue()).isEqualTo("image_edit.completed");
            assertThat(completed.data().at("/usage/input_tokens_details/image_tokens").intValue())
                    .isEqualTo(48);
        }
    }

    @Test
    void aPictureThatFailsIsAnErrorThatEndsTheStream() throws Exception {
        try (Stream<String> lines = stream("a broken heart", 1)) {
            Iterator<String> events = lines.iterator();
            RequestRef request = request(caption("a broken heart"));
            partial(request, 0, new byte[] {1});
            assertPartial(next(events).data(), 0, new byte[] {1});
            send(
                    Topics.RESULTS,
                    request,
                    new RequestFinished(
                            request,
                            RequestStatus.FAILED,
                            List.of(),
                            new Failure("model_error", "scorer", "out of memory", null, null),
                            Instant.now()));

            Event error = next(events);
            assertThat(error.name()).isEqualTo("error");
            assertThat(error.data().toString())
                    .isEqualTo(
                            "{\"type\":\"error\",\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\",\"param\":null,\"code\":\"model_error\"}}");
            assertThat(rest(events)).isEmpty();
        }
    }

    @Test
    void whatIsWrongIsToldBeforeTheStreamBegins() throws Exception {
        for (String body :
                List.of(
                        "{\"prompt\":\"a\",\"stream\":true,\"partial_images\":4}",
                        "{\"prompt\":\"\",\"stream\":true}",
                        "{\"prompt\":\"a\",\"stream\":\"yes\"}")) {
            HttpResponse<String> refused =
                    http.send(post(body), HttpResponse.BodyHandlers.ofString());
            assertThat(refused.statusCode()).as(body).isEqualTo(400);
            assertThat(JSON.readTree(refused.body()).at("/error/type").textValue())
                    .isEqualTo("invalid_request_error");
        }
    }

    /** It is painted all the same, and the next one who asks is served. */
    @Test
    void whoGoesAwayLosesNothing() throws Exception {
        RequestRef request;
        try (Stream<String> lines = stream("a left heart", 3)) {
            request = request(caption("a left heart"));
            partial(request, 0, new byte[] {1});
            assertPartial(next(lines.iterator()).data(), 0, new byte[] {1});
        }
        send(Topics.JOBS, request, new JobSubmitted(request.getJobId(), 1, Instant.now(), null));
        partial(request, 1, new byte[] {2});
        finish(request, 1);
        String job = "v1/jobs/" + request.getJobId();
        await().atMost(PATIENCE)
                .until(() -> get(job + "/results").body().contains("\"completed\""));
        eachPictureIsAnEvent();
    }

    /** Of a request whose caller does not stream, nobody is shown anything. */
    @Test
    void partialImagesAreDrawnForThoseWhoSeeThem() throws Exception {
        var answer =
                http.sendAsync(
                        post("{\"prompt\":\"a plain heart\",\"partial_images\":3}"),
                        HttpResponse.BodyHandlers.ofString());
        CaptionSubmitted caption = caption("a plain heart");
        assertThat(caption.getOptions().getPartialImages()).isZero();
        assertThat(caption.getOptions().getCandidates()).isEqualTo(16);
        finish(request(caption), 1);
        JsonNode images = JSON.readTree(answer.get().body());
        assertThat(images.get("output_format").textValue()).isEqualTo("png");
        assertThat(images.at("/usage/total_tokens").intValue()).isEqualTo(53);
    }

    private Stream<String> stream(String prompt, int partialImages) throws Exception {
        return stream(prompt, partialImages, "");
    }

    private Stream<String> stream(String prompt, int partialImages, String more) throws Exception {
        String body =
                "{\"prompt\":\"%s\",%s\"stream\":true,\"partial_images\":%d}"
                        .formatted(prompt, more, partialImages);
        HttpResponse<Stream<String>> answer =
                http.send(post(body), HttpResponse.BodyHandlers.ofLines());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
        return answer.body();
    }

    private HttpRequest post(String body) {
        return HttpRequest.newBuilder(root.resolve("v1/images/generations"))
                .header("Content-Type", "application/json")
                .header("Accept", "application/json") // as OpenAI's clients do
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private HttpResponse<String> get(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(root.resolve(path)).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static Event next(Iterator<String> lines) {
        return assertTimeoutPreemptively(PATIENCE, () -> read(lines));
    }

    private static List<Event> rest(Iterator<String> lines) {
        return assertTimeoutPreemptively(
                PATIENCE,
                () -> {
                    List<Event> events = new ArrayList<>();
                    for (Event event = read(lines); event != null; event = read(lines)) {
                        events.add(event);
                    }
                    return events;
                });
    }

    /** Null at the end. */
    private static Event read(Iterator<String> lines) throws Exception {
        String name = null;
        while (lines.hasNext()) {
            String line = lines.next();
            if (line.startsWith("event: ")) {
                name = line.substring("event: ".length());
            } else if (line.startsWith("data: ")) {
                return new Event(name, JSON.readTree(line.substring("data: ".length())));
            }
        }
        return null;
    }

    private static RequestRef request(CaptionSubmitted caption) {
        String job = Ids.captionJobId(caption.getCustomId());
        return new RequestRef(
                job,
                Ids.requestId(job, caption.getCustomId()),
                caption.getCustomId(),
                caption.getCaption());
    }

    /** The latest of these words, as soon as it is published. */
    private CaptionSubmitted caption(String text) {
        Map<String, Object> config = kafka().consumer("events-" + text.hashCode());
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
            consumer.subscribe(List.of(Topics.CAPTIONS.in(Lane.INTERACTIVE).name()));
            List<CaptionSubmitted> found = new ArrayList<>();
            await().atMost(PATIENCE)
                    .until(
                            () -> {
                                consumer.poll(Duration.ofMillis(100))
                                        .forEach(
                                                record ->
                                                        found.add(
                                                                EventCodec.decode(
                                                                        CaptionSubmitted.class,
                                                                        record.value())));
                                found.removeIf(event -> !event.getCaption().equals(text));
                                return !found.isEmpty();
                            });
            consumer.commitSync();
            return found.get(found.size() - 1);
        }
    }

    private void partial(RequestRef request, int index, byte[] file) {
        send(
                Topics.PARTIAL_IMAGES,
                request,
                new PartialImageRendered(
                        request, index, 100L, 64, 48, "webp", ByteBuffer.wrap(file)));
    }

    private void finish(RequestRef request, int pictures) {
        List<StoredImage> images =
                IntStream.range(0, pictures).mapToObj(i -> picture(request, i)).toList();
        ResultFile file =
                new ResultFile(
                        request.getJobId(),
                        request.getRequestId(),
                        request.getCustomId(),
                        request.getCaption(),
                        "m@1",
                        "dvae@1",
                        null,
                        pictures,
                        0.0,
                        new SamplingOptions(1, 0, 1, 1),
                        "png",
                        100,
                        "64x48",
                        SeedSchemes.FIRST_IS_OWN,
                        6,
                        8,
                        5,
                        null,
                        images.stream().map(ResultFile.Image::of).toList(),
                        List.of());
        store().put(
                        ResultFile.key(request.getJobId(), request.getRequestId()),
                        file.toJson(),
                        "application/json");
        send(
                Topics.RESULTS,
                request,
                new RequestFinished(request, RequestStatus.COMPLETED, images, null, Instant.now()));
    }

    private StoredImage picture(RequestRef request, int index) {
        String key =
                ResultFile.folder(request.getJobId(), request.getRequestId())
                        + (index + 1)
                        + ".png";
        store().put(key, new byte[] {7, (byte) index}, "image/png");
        return new StoredImage(index + 1, key, "00ff", 2L, index, 100L + index, 0.5f, -7.5);
    }

    private ObjectStore store() {
        return ObjectStore.open(EmbeddedServers.settings(endpoint, accessKey, secretKey));
    }

    private KafkaSettings kafka() {
        return new KafkaSettings(bootstrapServers, Map.of());
    }

    private <T extends SpecificRecord> void send(Topic<T> topic, RequestRef request, T event) {
        String key = Ids.key(request.getJobId(), request.getRequestId());
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka().producer())) {
            producer.send(
                    new ProducerRecord<>(
                            topic.name(), key.getBytes(UTF_8), EventCodec.encode(event)));
        }
    }
}
