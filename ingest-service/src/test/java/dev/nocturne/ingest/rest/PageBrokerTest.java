package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.Failure;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.StoredRequest;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page as people see it, in Chromium; skipped where there is none. It leaves a picture of every
 * state in {@code target}.
 */
@QuarkusTest
@QuarkusTestResource(EmbeddedServers.class)
@TestProfile(PageBrokerTest.OwnService.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PageBrokerTest {

    /** Starts a service without the jobs of other tests. */
    public static class OwnService implements QuarkusTestProfile {}

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CAPTIONS = 60;
    private static final int PAINTED = 54;
    private static final String MARKUP = "<img src=x onerror=alert(1)> a fox";
    private static final long SEED = Long.MAX_VALUE - 1; // not exact as a JavaScript number

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

    @TempDir static Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private Chromium browser;
    private ObjectStore store;
    private KafkaProducer<byte[], byte[]> producer;
    private String job;

    @BeforeAll
    void start() throws Exception {
        Optional<Path> command = Chromium.find();
        assumeTrue(
                command.isPresent(),
                "skipped: there is no command 'chromium' or 'google-chrome' on this machine");
        browser = Chromium.start(command.get(), folder.resolve("profile"));
        store =
                ObjectStore.open(
                        new ObjectStoreSettings(
                                endpoint,
                                "us-east-1",
                                accessKey,
                                secretKey,
                                "nocturne",
                                EmbeddedServers.PREFIX,
                                endpoint));
        KafkaSettings kafka = new KafkaSettings(bootstrapServers, Map.of());
        producer = new KafkaProducer<>(kafka.producer());
    }

    @AfterAll
    void stop() throws Exception {
        if (producer != null) {
            producer.close();
        }
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void awaitReady() {
        await().atMost(PATIENCE).until(() -> get("q/health/ready").statusCode() == 200);
    }

    @Test
    @Order(1)
    void aSystemWithoutJobsSaysHowToBegin() throws Exception {
        browser.open(root.toString());

        awaitText("No job yet");
        awaitText("Live");
        assertThat(browser.text()).contains("./nocturne submit captions.jsonl");
        check("empty");
    }

    @Test
    @Order(2)
    void aFormMakesAJobThatIsShownWhileItRuns() throws Exception {
        browser.evaluate("location.hash = '#/new'");
        awaitText("What shall be painted?");
        check("form");
        String captions =
                String.join("\\n", IntStream.range(0, CAPTIONS).mapToObj(this::caption).toList());
        browser.evaluate(
                """
                document.getElementById('captions').value = "%s";
                document.getElementById('seed').value = '%d';
                document.getElementById('candidates').value = '08';
                document.getElementById('temperature').value = '.5';
                document.getElementById('window').value = '00:00-23:59';
                document.querySelector('form').requestSubmit()"""
                        .formatted(captions, SEED));
        awaitText("Nothing is painted yet");
        job = browser.evaluate("decodeURIComponent(location.hash.split('/')[2])").textValue();
        assertThat(job).startsWith("job-");
        awaitText("0 of 60 captions painted");
        aPictureIsShownWhileItIsDrawn();

        IntStream.range(0, PAINTED / 2).forEach(this::paint);

        awaitText("27 of 60 captions painted");
        await().atMost(PATIENCE)
                .until(
                        () ->
                                browser.evaluate("document.querySelectorAll('.card').length")
                                                .intValue()
                                        == PAINTED / 2);
        assertThat(browser.text()).doesNotContain("Being drawn");
        browser.evaluate("location.hash = '#/jobs'");
        awaitText("33 captions in 1 job still to paint");
        check("running");
    }

    /** Until its result is there, see below. */
    private void aPictureIsShownWhileItIsDrawn() throws Exception {
        String request = Ids.requestId(job, customId(1));
        PartialImageRendered partial =
                new PartialImageRendered(
                        new RequestRef(job, request, customId(1), caption(1)),
                        1,
                        SEED,
                        64,
                        64,
                        "png",
                        ByteBuffer.wrap(png(1)));
        await().atMost(PATIENCE)
                .until(
                        () -> {
                            producer.send(
                                    new ProducerRecord<>(
                                            Topics.PARTIAL_IMAGES.name(),
                                            Ids.key(job, request).getBytes(UTF_8),
                                            EventCodec.encode(partial)));
                            return browser.evaluate(
                                                    "document.querySelector('.card img')?.naturalWidth ?? 0")
                                            .intValue()
                                    == 64;
                        });
        assertThat(browser.text()).contains("Being drawn", caption(1));
        check("live");
    }

    @Test
    @Order(3)
    void aGalleryHasPagesAndFiltersAndTextStaysText() throws Exception {
        IntStream.range(PAINTED / 2, PAINTED).forEach(this::paint);
        IntStream.range(PAINTED, CAPTIONS).forEach(this::fail);
        browser.evaluate("location.hash = '#/job/" + job + "'");

        awaitText("54 of 60 captions painted");
        awaitText("6 failed");
        awaitText("completed");
        awaitText("The latest 48 are shown.");
        awaitPictures();
        check("gallery");
        browser.evaluate("document.querySelector('button.more').click()");
        awaitText("60 requests, the latest first.");
        filter("find", MARKUP, "input");
        awaitText("1 request, the latest first.");
        assertThat(browser.text()).contains(MARKUP).contains("seed " + SEED);
        filter("find", "", "input");
        filter("state", "failed", "change");
        awaitText("6 requests, the latest first.");
        assertThat(browser.text()).contains("not_to_be_painted", "the caption is a riddle");
        assertThat(browser.evaluate("document.querySelectorAll('.card img').length").intValue())
                .isZero();
        filter("state", "", "change");
        awaitText("The latest 48 are shown.");
        showsEveryCandidate();
    }

    private void showsEveryCandidate() throws Exception {
        String folder =
                "http://localhost:1/v1/images/%s/%s/"
                        .formatted(job, Ids.requestId(job, customId(0)));
        StoredRequest request =
                new StoredRequest(
                        job,
                        Ids.requestId(job, customId(0)),
                        customId(0),
                        MARKUP,
                        "a-model",
                        0.4,
                        1,
                        0,
                        1,
                        1,
                        List.of(
                                new StoredRequest.Candidate(
                                        1, 1, SEED, 0.7f, -7.5, true, folder + "1.png"),
                                new StoredRequest.Candidate(
                                        2, 0, 5, 0.1f, -9, false, folder + "candidates/0.png")));
        browser.fake("/requests/", new Chromium.Fake(200, JSON.writeValueAsString(request)));
        browser.fake("/candidates/0.png", new Chromium.Fake(200, "rendered"));
        browser.evaluate("document.querySelector('.card button').click()");
        awaitText("2 candidates of");
        assertThat(browser.evaluate("document.querySelector('.candidates').innerText").asText())
                .containsSubsequence("score 0.700", "seed " + SEED, "score 0.100", "seed 5");
        await().atMost(PATIENCE)
                .until(
                        () ->
                                browser.evaluate(
                                                        "document.querySelector('.candidates img').naturalWidth")
                                                .intValue()
                                        == 64);
        check("candidates");
        // the other is not fetched before somebody asks for it
        assertThat(
                        browser.evaluate("document.querySelectorAll('.candidates img').length")
                                .intValue())
                .isEqualTo(1);
        browser.evaluate("document.querySelector('.candidates button').click()");
        await().atMost(PATIENCE)
                .until(
                        () ->
                                browser.evaluate(
                                                "document.querySelectorAll('.candidates img')"
                                                        + "[1]?.getAttribute('src') ?? ''")
                                        .asText()
                                        .endsWith("/candidates/0.png"));
        browser.evaluate("document.querySelector('dialog').close()");
    }

    @Test
    @Order(4)
    void stagesShowTheirLagOverTime() throws Exception {
        browser.evaluate("location.hash = '#/stages'");

        awaitText("The encoder is stopped: something waits and no worker reads.");
        HttpRequest picture =
                HttpRequest.newBuilder(root.resolve("v1/images/generations"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a red apple\"}"))
                        .build();
        http.sendAsync(picture, HttpResponse.BodyHandlers.discarding()); // nobody paints it
        awaitText("interactive");
        await().atMost(PATIENCE)
                .until(
                        () ->
                                browser.evaluate(
                                                "[...document.querySelectorAll('.chart svg')].map((one) => one.ariaLabel).join('\\n')")
                                        .asText()
                                        .contains("Backlog of encoder in the last hour: now "));
        awaitText("Backlog is in offsets of Kafka");
        check("stages");
    }

    @Test
    @Order(5)
    void deadLettersAreListedAndReplayed() throws Exception {
        browser.fake(
                "/v1/dead-letters",
                new Chromium.Fake(
                        200,
                        """
                        {"data":[{"id":"0-7","at":"2026-05-01T02:03:04Z","stage":"encoder",
                         "reason_code":"malformed_event","reason":"the bytes are not a caption <b>event</b>",
                         "topic":"captions","partition":0,"offset":12,"key":"%s/x","job_id":"%s",
                         "request_id":null,"bytes":3,"replayed_at":null}],"has_more":false}"""
                                .formatted(job, job)));
        browser.fake(
                "/v1/dead-letters/0-7",
                new Chromium.Fake(
                        200, "{\"id\":\"0-7\",\"payload\":{\"caption\":\"a blue moon\"}}"));
        browser.fake("/v1/dead-letters/0-7/replay", new Chromium.Fake(200, "{}"));
        browser.evaluate("location.hash = '#/dead-letters'");

        awaitText("the bytes are not a caption <b>event</b>");
        check("dead-letters");
        browser.evaluate("document.querySelector('button[aria-expanded]').click()");
        awaitText("a blue moon");
        browser.evaluate("document.querySelector('button[aria-label=\"Replay 0-7\"]').click()");
        awaitText("replayed now");
    }

    @Test
    @Order(6)
    void everyAnswerForbidsScriptsFromElsewhere() throws Exception {
        for (String path : List.of("", "page/main.js", "v1/jobs")) {
            HttpResponse<String> answer = get(path);
            assertThat(answer.statusCode()).as(path).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Security-Policy").orElse(""))
                    .as(path)
                    .startsWith("default-src 'none'; script-src 'self';");
        }
        assertThat(get("").headers().firstValue("Cache-Control")).contains("no-cache");
    }

    @Test
    @Order(7)
    void olderJobsAreReadWithoutAGap() throws Exception {
        int known = JSON.readTree(get("v1/jobs").body()).size() + 150;
        Instant now = Instant.now();
        for (int i = 0; i < 150; i++) {
            String id = "filler-" + i;
            producer.send(
                    new ProducerRecord<>(
                            Topics.JOBS.name(),
                            id.getBytes(UTF_8),
                            EventCodec.encode(new JobSubmitted(id, 1, now.plusMillis(i)))));
        }
        await().atMost(PATIENCE).until(() -> JSON.readTree(get("v1/jobs").body()).size() == known);
        browser.evaluate("location.hash = '#/jobs'; location.reload()");
        awaitRows(100);
        assertThat(browser.text()).contains("Show older jobs");
        String oldest = "filler-0";
        String request = Ids.requestId(oldest, "only");
        producer.send(
                new ProducerRecord<>(
                        Topics.RESULTS.name(),
                        Ids.key(oldest, request).getBytes(UTF_8),
                        EventCodec.encode(
                                new RequestFinished(
                                        new RequestRef(oldest, request, "only", "a fox"),
                                        RequestStatus.CANCELLED,
                                        List.of(),
                                        Failure.newBuilder()
                                                .setCode("batch_cancelled")
                                                .setStage("ingest")
                                                .setMessage("the batch was cancelled")
                                                .build(),
                                        now))));
        awaitRows(101); // the stream tells of it, out of turn

        browser.evaluate("document.querySelector('button.more').click()");

        awaitRows(known);
        assertThat(browser.text()).doesNotContain("Show older jobs");
        browser.evaluate("location.hash = '#/job/" + job + "'; location.reload()");
        awaitText("54 of 60 captions painted"); // no snapshot has it
    }

    private void awaitRows(int count) {
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(
                        () ->
                                browser.evaluate(
                                                        "document.querySelectorAll('.jobs tbody tr').length")
                                                .intValue()
                                        == count);
    }

    @Test
    @Order(8)
    void anyAddressShowsAView() throws Exception {
        browser.evaluate("location.hash = '#/stages'");
        awaitText("The last hour");
        browser.evaluate("location.hash = '#content'; location.reload()");
        awaitText("still to paint");
        browser.evaluate("location.hash = '#/job/%'");
        awaitText("All jobs");
        assertThat(browser.errors()).noneMatch(error -> error.contains("URIError"));
    }

    @Test
    @Order(9)
    void aHiddenPageHoldsNoConnection() throws Exception {
        browser.evaluate("location.hash = '#/jobs'");
        awaitText("Live");
        browser.evaluate(
                """
                window.closedStreams = 0;
                const close = EventSource.prototype.close;
                EventSource.prototype.close = function () { closedStreams++; close.call(this); }; 0""");

        beHidden(true);

        assertThat(browser.evaluate("closedStreams").intValue()).isEqualTo(1);
        producer.send(
                new ProducerRecord<>(
                        Topics.JOBS.name(),
                        "meanwhile".getBytes(UTF_8),
                        EventCodec.encode(new JobSubmitted("meanwhile", 1, Instant.now()))));
        await().atMost(PATIENCE).until(() -> get("v1/jobs/meanwhile").statusCode() == 200);
        assertThat(browser.text()).doesNotContain("meanwhile");

        beHidden(false);

        awaitText("meanwhile");
        awaitText("Live");
    }

    private void beHidden(boolean hidden) throws Exception {
        browser.evaluate(
                """
                Object.defineProperty(document, 'hidden', {configurable: true, value: %s});
                document.dispatchEvent(new Event('visibilitychange'))"""
                        .formatted(hidden));
    }

    @Test
    @Order(10)
    void contactPagesMayBringTheirStyleAndNoScript() throws Exception {
        String page = "v1/jobs/%s/files/index.html".formatted(job);
        HttpResponse<String> answer = get(page);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Security-Policy").orElse(""))
                .startsWith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self';")
                .doesNotContain("script-src");

        browser.open(root.resolve(page).toString());

        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(
                        () ->
                                browser.evaluate(
                                                "getComputedStyle(document.querySelector('figure')).margin")
                                        .asText()
                                        .equals("0px"));
    }

    private String caption(int i) {
        return i == 0 ? MARKUP : "a paper boat, number " + i;
    }

    @Test
    @Order(20)
    void aFileThatIsDroppedIsShownWithWhatIsWrongBeforeItIsSent() throws Exception {
        browser.forgetErrors();
        browser.open(root.resolve("#/new").toString());
        awaitText("What shall be painted?");
        browser.evaluate("document.getElementById('candidates').value = '8'");

        drop("prompt;top;note\\na red fox;2;mine\\na blue owl;many;\\n");
        awaitText(
                "captions.csv is CSV: 1 caption, 8 candidates. Not used, as they are no options: note.");
        awaitText("Line 3: top is \"many\": must be an integer");
        assertThat(browser.text()).contains("a red fox");
        check("file");

        drop("prompt;top\\na red fox;2\\na blue owl;9\\n");
        awaitText("captions.csv is CSV: 2 captions, 17 candidates.");
        assertThat(browser.text()).doesNotContain("Line 3:");
        browser.evaluate(
                """
                document.getElementById('candidates').value = '16';
                document.getElementById('candidates').dispatchEvent(new Event('change', {bubbles: true}))""");
        awaitText("2 captions, 32 candidates.");
        browser.evaluate("document.querySelector('form').requestSubmit()");
        awaitText("0 of 2 captions painted");
    }

    /** As a person does who lets go of a file over the form. */
    private void drop(String csv) throws Exception {
        browser.evaluate(
                """
                (() => { const files = new DataTransfer();
                files.items.add(new File(["%s"], "captions.csv"));
                document.querySelector('form').dispatchEvent(
                  new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true })); })()"""
                        .formatted(csv));
    }

    /** As the service names the captions of a file that names none. */
    private static String customId(int i) {
        return "line-" + (i + 1);
    }

    private void paint(int i) {
        String request = Ids.requestId(job, customId(i));
        String key = "jobs/%s/images/%s/1.png".formatted(job, request);
        store.put(key, png(i), "image/png");
        finish(
                i,
                RequestStatus.COMPLETED,
                List.of(new StoredImage(1, key, "00ff", 9L, 3, SEED, 0.25f + i / 200f, -7.5)),
                null);
    }

    private void fail(int i) {
        finish(
                i,
                RequestStatus.FAILED,
                List.of(),
                Failure.newBuilder()
                        .setCode("not_to_be_painted")
                        .setStage("encoder")
                        .setMessage("the caption is a riddle: say what is to be seen")
                        .build());
    }

    private void finish(int i, RequestStatus status, List<StoredImage> images, Failure failure) {
        String request = Ids.requestId(job, customId(i));
        RequestFinished event =
                new RequestFinished(
                        new RequestRef(job, request, customId(i), caption(i)),
                        status,
                        images,
                        failure,
                        Instant.now());
        producer.send(
                new ProducerRecord<>(
                        Topics.RESULTS.name(),
                        Ids.key(job, request).getBytes(UTF_8),
                        EventCodec.encode(event)));
    }

    private static byte[] png(int i) {
        BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        Graphics2D brush = image.createGraphics();
        Color from = Color.getHSBColor(i / 60f, 0.5f, 0.9f);
        brush.setPaint(new GradientPaint(0, 0, from, 64, 64, Color.DARK_GRAY));
        brush.fillRect(0, 0, 64, 64);
        brush.dispose();
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            ImageIO.write(image, "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void filter(String id, String value, String event) throws Exception {
        browser.evaluate(
                """
                (() => { const field = document.getElementById('%s');
                field.value = %s;
                field.dispatchEvent(new Event('%s')); })()"""
                        .formatted(id, JSON.writeValueAsString(value), event));
    }

    private void awaitText(String text) {
        await().atMost(PATIENCE)
                .ignoreExceptions() // a page that is being opened answers nothing
                .untilAsserted(() -> assertThat(browser.text()).contains(text));
    }

    private void awaitPictures() {
        await().atMost(PATIENCE)
                .until(
                        () ->
                                browser.evaluate(
                                                """
                                                [...document.querySelectorAll('.card img')].slice(0, 6)
                                                  .every((image) => image.naturalWidth === 64)""")
                                        .booleanValue());
    }

    /** Photographs the state, and looks for errors and for what keeps people out. */
    private void check(String state) throws Exception {
        for (String scheme : List.of("dark", "light")) {
            for (int width : List.of(1280, 390)) {
                browser.look(width, 900, scheme);
                browser.screenshot(
                        Path.of("target", "page-%s-%d-%s.png".formatted(state, width, scheme)));
                assertThat(
                                browser.evaluate(
                                                "document.documentElement.scrollWidth <= innerWidth")
                                        .booleanValue())
                        .as("%s fits into %d pixels", state, width)
                        .isTrue();
                assertThat(violations()).as("%s, %s, %d", state, scheme, width).isEmpty();
            }
        }
        assertThat(browser.errors()).as(state).isEmpty();
    }

    private List<String> violations() throws Exception {
        try (InputStream axe = getClass().getResourceAsStream("/axe.min.js")) {
            if (browser.evaluate("typeof axe").textValue().equals("undefined")) {
                browser.evaluate(new String(axe.readAllBytes(), UTF_8) + "; 0");
            }
        }
        JsonNode found =
                browser.evaluate(
                        """
                        axe.run(document, {resultTypes: ['violations']}).then((result) =>
                          result.violations
                            .filter(({impact}) => impact === 'serious' || impact === 'critical')
                            .map(({id, nodes}) => `${id}: ${nodes[0].html}`))""");
        return JSON.convertValue(
                found, JSON.getTypeFactory().constructCollectionType(List.class, String.class));
    }

    private HttpResponse<String> get(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(root.resolve(path)).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
