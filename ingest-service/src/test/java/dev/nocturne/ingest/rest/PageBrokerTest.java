package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.result.StoredRequest;
import dev.nocturne.runtime.RankedBy;
import dev.nocturne.runtime.SamplingOptions;
import dev.nocturne.schemas.Ids;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
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
    private PageReader reader;
    private PagePipeline pipeline;
    private String job;

    @BeforeAll
    void start() throws Exception {
        browser = Chromium.start(Chromium.orSkip(), folder.resolve("profile"));
        reader = new PageReader(browser);
        pipeline = new PagePipeline(bootstrapServers, endpoint, accessKey, secretKey);
    }

    @AfterAll
    void stop() throws Exception {
        if (pipeline != null) {
            pipeline.close();
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

        reader.awaitText("No job yet");
        reader.awaitText("Live");
        assertThat(browser.text()).contains("./nocturne submit captions.jsonl");
        reader.check("empty");
    }

    @Test
    @Order(2)
    void aFormMakesAJobThatIsShownWhileItRuns() throws Exception {
        browser.evaluate("location.hash = '#/new'");
        reader.awaitText("What shall be painted?");
        String captions =
                String.join("\\n", IntStream.range(0, CAPTIONS).mapToObj(this::caption).toList());
        browser.evaluate(
                """
                document.getElementById('captions').value = "%s";
                document.getElementById('seed').value = '%d';
                document.getElementById('candidates').value = '08';
                document.getElementById('temperature').value = '.5';
                document.getElementById('window').value = '00:00-23:59';
                document.getElementById('webdataset').checked = true"""
                        .formatted(captions, SEED));
        reader.enter("output_format", "webp", "change");
        browser.evaluate("document.getElementById('output_compression').value = '80'");
        reader.check("form");
        browser.evaluate("document.querySelector('form').requestSubmit()");
        reader.awaitText("Nothing is painted yet");
        job = reader.text("decodeURIComponent(location.hash.split('/')[2])");
        assertThat(job).startsWith("job-");
        reader.awaitText("0 of 60 captions painted");
        saysWhatTheFormSays();
        aPictureIsShownWhileItIsDrawn();

        IntStream.range(0, PAINTED / 2).forEach(this::paint);

        reader.awaitText("27 of 60 captions painted");
        reader.await("document.querySelectorAll('.card').length === " + PAINTED / 2);
        assertThat(browser.text()).doesNotContain("Being drawn");
        browser.evaluate("location.hash = '#/jobs'");
        reader.awaitText("33 captions in 1 job still to paint");
        reader.await("document.querySelector('.jobs .bar').offsetWidth > 100");
        reader.check("running");
    }

    private void saysWhatTheFormSays() throws Exception {
        String file = JSON.readTree(get("v1/jobs/" + job).body()).get("input_file_id").textValue();
        String lines = get("v1/files/%s/content".formatted(file)).body();
        JsonNode line = JSON.readTree(lines.lines().skip(1).findFirst().orElseThrow());
        assertThat(line.get("prompt").asText()).isEqualTo(caption(1));
        assertThat(line.get("candidates").asInt()).isEqualTo(8);
        assertThat(line.get("temperature").asDouble()).isEqualTo(0.5);
        assertThat(line.get("seed").asLong()).isEqualTo(SEED);
        assertThat(line.get("output_format").asText()).isEqualTo("webp");
        assertThat(line.get("output_compression").asInt()).isEqualTo(80);
    }

    /** Until its result is there, see below. */
    private void aPictureIsShownWhileItIsDrawn() throws Exception {
        await().atMost(PATIENCE)
                .until(
                        () -> {
                            pipeline.draw(job, customId(1), caption(1), SEED);
                            return reader.number(
                                            "document.querySelector('.card img')?.naturalWidth ?? 0")
                                    == 64;
                        });
        assertThat(browser.text()).contains("Being drawn", caption(1));
        reader.check("live");
    }

    @Test
    @Order(3)
    void aGalleryHasPagesAndFiltersAndTextStaysText() throws Exception {
        IntStream.range(PAINTED / 2, PAINTED).forEach(this::paint);
        IntStream.range(PAINTED, CAPTIONS)
                .forEach(i -> pipeline.fail(job, customId(i), caption(i), Instant.now()));
        browser.evaluate("location.hash = '#/job/" + job + "'");

        reader.awaitText("54 of 60 captions painted");
        reader.awaitText("6 captions have failed");
        reader.awaitText("The latest 48 are shown.");
        reader.await(
                """
                [...document.querySelectorAll('.card img')].slice(0, 6)
                  .every((image) => image.naturalWidth === 64)""");
        browser.evaluate("document.querySelector('.gallery ~ button.more').click()");
        reader.awaitText("60 requests, the latest first.");
        reader.enter("find", MARKUP, "input");
        reader.awaitText("1 request, the latest first.");
        assertThat(reader.texts(".card .caption")).containsExactly(MARKUP);
        aSeedShowsWhenSomebodyAsksForIt();
        reader.enter("find", "", "input");
        reader.enter("state", "failed", "change");
        reader.awaitText("6 requests, the latest first.");
        reader.await("document.querySelectorAll('.card .reason').length === 6");
        assertThat(reader.texts(".card .reason"))
                .hasSize(CAPTIONS - PAINTED)
                .allMatch("the caption is a riddle: say what is to be seen"::equals);
        assertThat(reader.number("document.querySelectorAll('.card img').length")).isZero();
        reader.enter("state", "", "change");
        reader.awaitText("The latest 48 are shown.");
        showsEveryCandidate();
    }

    private void aSeedShowsWhenSomebodyAsksForIt() throws Exception {
        String shown = "document.querySelector('.card .seed code').offsetHeight > 0";
        assertThat(browser.evaluate(shown + " && document.querySelector('.seed').open").asText())
                .isEqualTo("false");
        browser.evaluate("document.querySelector('.card .seed summary').click()");
        reader.await(shown);
        assertThat(reader.texts(".card .seed code")).containsExactly(Long.toString(SEED));
    }

    @Test
    @Order(4)
    void aFinishedJobLeadsToItsFilesAndSaysWhatHasFailedAndWhy() throws Exception {
        reader.await("document.querySelectorAll('.files > li').length === 7");
        assertThat(reader.texts("h1")).containsExactly(MARKUP + " and 59 more");
        assertThat(reader.texts(".title .status")).containsExactly("6 failed");
        assertThat(reader.text("document.querySelector('.title .status').dataset.tone"))
                .isEqualTo("bad");
        assertThat(reader.texts(".files > li > a, .files summary"))
                .satisfiesExactly(
                        name -> assertThat(name).isEqualTo("All pictures"),
                        name -> assertThat(name).isEqualTo("output.jsonl"),
                        name -> assertThat(name).isEqualTo("errors.jsonl"),
                        name -> assertThat(name).isEqualTo("results.jsonl"),
                        name -> assertThat(name).isEqualTo("input.jsonl"),
                        name -> assertThat(name).isEqualTo("manifest.json"),
                        name -> assertThat(name).startsWith("1 WebDataset shard"));
        JsonNode sizes =
                browser.evaluate(
                        """
                        Promise.all([...document.querySelectorAll('.files a')].map(({href}) =>
                          fetch(href).then((answer) => answer.blob()).then(({size}) => size)))""");
        assertThat(sizes).hasSize(7).allSatisfy(size -> assertThat(size.intValue()).isPositive());
        assertThat(reader.texts(".failures .reason")).hasSize(5); // and a button for all
        assertThat(reader.texts(".failures .small"))
                .allMatch("not_to_be_painted · in encoder"::equals);
        browser.evaluate("scrollTo(0, 0)");
        reader.check("job");
        browser.evaluate("document.querySelector('.failed > button').click()");
        reader.awaitText("6 requests, the latest first.");
        reader.enter("state", "", "change");
    }

    private void showsEveryCandidate() throws Exception {
        String request = Ids.requestId(job, customId(0));
        // under the address by which others know the API
        String folder = "https://elsewhere:1/nocturne/v1/images/%s/%s/".formatted(job, request);
        StoredRequest stored =
                new StoredRequest(
                        job,
                        request,
                        customId(0),
                        MARKUP,
                        "a-model",
                        RankedBy.LIKELIHOOD,
                        null,
                        new SamplingOptions(1, 0, 1, 1),
                        List.of(
                                new StoredRequest.Candidate(
                                        1, 1, SEED, null, -7.5, true, folder + "1.png"),
                                new StoredRequest.Candidate(
                                        2, 0, 5, null, -9, false, folder + "candidates/0.png")));
        browser.fake("/requests/", new Chromium.Fake(200, JSON.writeValueAsString(stored)));
        browser.fake("/candidates/0.png", new Chromium.Fake(200, "rendered"));
        reader.await("document.querySelector('.card button') !== null");
        browser.evaluate("document.querySelector('.card button').click()");
        reader.awaitText("2 candidates of");
        assertThat(reader.texts(".candidates > li > p"))
                .containsExactly("rank 1, log-probability -7.5", "rank 2, log-probability -9.0");
        reader.await("document.querySelector('.candidates img').naturalWidth === 64");
        reader.check("candidates");
        // the other is not fetched before somebody asks for it
        assertThat(reader.number("document.querySelectorAll('.candidates img').length"))
                .isEqualTo(1);
        browser.evaluate("document.querySelector('.candidates button').click()");
        reader.await(
                "document.querySelectorAll('.candidates img')[1].src.endsWith('/candidates/0.png')");
        browser.evaluate("document.querySelector('dialog').close()");
    }

    @Test
    @Order(5)
    void stagesShowTheirLagOverTime() throws Exception {
        browser.evaluate("location.hash = '#/stages'");

        reader.awaitText("The encoder is stopped: something waits and no worker reads.");
        HttpRequest picture =
                HttpRequest.newBuilder(root.resolve("v1/images/generations"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a red apple\"}"))
                        .build();
        http.sendAsync(picture, HttpResponse.BodyHandlers.discarding()); // nobody paints it
        reader.awaitText("interactive");
        reader.await(
                """
                [...document.querySelectorAll('.chart svg')].some(({ariaLabel}) =>
                  ariaLabel.startsWith('Backlog of encoder in the last hour: now '))""");
        reader.awaitText("Backlog is in offsets of Kafka");
        reader.check("stages");
    }

    @Test
    @Order(6)
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

        reader.awaitText("the bytes are not a caption <b>event</b>");
        reader.check("dead-letters");
        browser.evaluate("document.querySelector('button[aria-expanded]').click()");
        reader.awaitText("a blue moon");
        browser.evaluate("document.querySelector('button[aria-label=\"Replay 0-7\"]').click()");
        reader.awaitText("replayed now");
    }

    @Test
    @Order(7)
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
    @Order(8)
    void anyAddressShowsAView() throws Exception {
        browser.evaluate("location.hash = '#/stages'");
        reader.awaitText("The last hour");
        browser.evaluate("location.hash = '#content'; location.reload()");
        reader.awaitText("and 59 more");
        browser.evaluate("location.hash = '#/job/%'");
        reader.awaitText("All jobs");
        assertThat(browser.errors()).noneMatch(error -> error.contains("URIError"));
    }

    @Test
    @Order(9)
    void aHiddenPageHoldsNoConnection() throws Exception {
        browser.evaluate("location.hash = '#/jobs'");
        reader.awaitText("Live");
        browser.evaluate(
                """
                window.closedStreams = 0;
                const close = EventSource.prototype.close;
                EventSource.prototype.close = function () { closedStreams++; close.call(this); }; 0""");

        beHidden(true);

        assertThat(reader.number("closedStreams")).isEqualTo(1);
        pipeline.submit("meanwhile", 1, Instant.now().plusSeconds(60), "a swan in the meanwhile");
        await().atMost(PATIENCE).until(() -> get("v1/jobs/meanwhile").statusCode() == 200);
        assertThat(browser.text()).doesNotContain("a swan in the meanwhile");

        beHidden(false);

        reader.awaitText("a swan in the meanwhile");
        reader.awaitText("Live");
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

        reader.await("getComputedStyle(document.querySelector('figure')).margin === '0px'");
    }

    @Test
    @Order(11)
    void aFileThatIsDroppedIsShownWithWhatIsWrongBeforeItIsSent() throws Exception {
        browser.open(root.resolve("#/new").toString());
        reader.awaitText("What shall be painted?");
        browser.forgetErrors(); // the page before has no icon, and the browser asks for one late
        browser.evaluate("document.getElementById('candidates').value = '8'");

        drop("prompt;top;note\\na red fox;2;mine\\na blue owl;many;\\n");
        reader.awaitText(
                "captions.csv is CSV: 1 caption, 8 candidates. Not used, as they are no options: note.");
        reader.awaitText("Line 3: top is \"many\": must be an integer");
        assertThat(browser.text()).contains("a red fox");
        reader.check("file");

        drop("prompt;top\\na red fox;2\\na blue owl;9\\n");
        reader.awaitText("captions.csv is CSV: 2 captions, 17 candidates.");
        assertThat(browser.text()).doesNotContain("Line 3:");
        browser.evaluate(
                """
                document.getElementById('candidates').value = '16';
                document.getElementById('candidates').dispatchEvent(new Event('change', {bubbles: true}))""");
        reader.awaitText("2 captions, 32 candidates.");
        browser.evaluate("document.querySelector('form').requestSubmit()");
        reader.awaitText("0 of 2 captions painted");
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

    private String caption(int i) {
        return i == 0 ? MARKUP : "a paper boat, number " + i;
    }

    /** As the service names the captions of a file that names none. */
    private static String customId(int i) {
        return "line-" + (i + 1);
    }

    private void paint(int i) {
        pipeline.paint(job, customId(i), caption(i), SEED, Instant.now());
    }

    private HttpResponse<String> get(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(root.resolve(path)).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
