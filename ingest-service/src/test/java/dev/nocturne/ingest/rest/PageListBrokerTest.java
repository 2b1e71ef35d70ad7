package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The page's list, with as many jobs as a night has; other tests' jobs may be among them. */
@QuarkusTest
@QuarkusTestResource(EmbeddedServers.class)
@TestProfile(PageBrokerTest.OwnService.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PageListBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** With the job of several captions there are 110. */
    private static final int SINGLE_PICTURES = 109;

    private static final int FAILED = 1;
    private static final int MORE_JOBS = 1_500;

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

    @BeforeAll
    void start() throws Exception {
        browser = Chromium.start(Chromium.orSkip(), folder.resolve("profile"));
        reader = new PageReader(browser);
        pipeline = new PagePipeline(bootstrapServers, endpoint, accessKey, secretKey);
        await().atMost(PATIENCE).until(() -> get("q/health/ready").statusCode() == 200);
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

    @Test
    @Order(1)
    void jobsAreToldByCaptionPictureAndDayAndASinglePictureTakesOneLine() throws Exception {
        Instant now = Instant.now();
        for (int i = 0; i < SINGLE_PICTURES; i++) {
            Instant at = now.minus(Duration.ofHours(3L * i));
            pipeline.submit("single-" + i, 1, at, caption(i));
            if (i == FAILED) { // this one's files are written
                pipeline.fail("single-" + i, "only", caption(i), at);
            } else {
                pipeline.paint("single-" + i, "only", caption(i), i, at);
                pipeline.close("single-" + i, 1, 0, at);
            }
        }
        Instant before = now.minusSeconds(60);
        pipeline.submit("several", 4, before, caption(200));
        for (int i = 200; i < 203; i++) {
            pipeline.paint("several", "line-" + i, caption(i), i, before);
        }
        pipeline.fail("several", "line-203", caption(203), before);
        pipeline.close("several", 3, 1, before);
        await().atMost(PATIENCE)
                .until(() -> list("state=done&text=lighthouse").size() == SINGLE_PICTURES + 1);
        browser.look(1280, 900, "dark");
        browser.open(root.resolve("#/jobs?text=lighthouse").toString());
        scrollToTheEnd("110 jobs fit, the latest first.");
        browser.evaluate("scrollTo(0, 0)");

        reader.await(
                "document.querySelector('.jobs .name')?.innerText === '%s'".formatted(caption(0)));
        assertThat(reader.texts(".jobs .name")).startsWith(caption(0), caption(200), caption(1));
        assertThat(reader.texts(".jobs .others")).startsWith("", " and 3 more", "");
        assertThat(reader.texts("h2.day")).startsWith("Today", "Yesterday").hasSizeGreaterThan(2);
        reader.await(
                """
                [...document.querySelectorAll('.jobs li')].slice(0, 2).every((row) =>
                  [...row.querySelectorAll('img')].every((image) => image.naturalWidth === 64))""");
        assertThat(reader.number(rowOf(caption(200)) + ".querySelectorAll('img').length"))
                .isEqualTo(3);
        assertThat(reader.texts(".jobs .status[data-tone=bad]"))
                .containsExactly("1 failed", "failed");
        assertThat(
                        reader.number(
                                "document.querySelectorAll('.jobs .progress:not([hidden])').length"))
                .as("bars, as nothing here goes on")
                .isZero();
        assertThat(reader.number(rowOf(caption(2)) + ".offsetHeight")).isLessThan(60);
        assertThat(reader.number("document.documentElement.scrollHeight")).isLessThan(7_500);
        reader.check("list");
    }

    private static String caption(int i) {
        return "a lighthouse, number %d, in a storm".formatted(i);
    }

    private static String rowOf(String caption) {
        return "[...document.querySelectorAll('.jobs .name')].find(({innerText}) => innerText === '%s').closest('li')"
                .formatted(caption);
    }

    @Test
    @Order(2)
    void theListIsSearchedAndKeepsTheSearchInItsAddress() throws Exception {
        reader.enter("find", "NUMBER 77,", "input");
        reader.awaitText("1 job fits, the latest first.");
        assertThat(reader.texts(".jobs .name")).containsExactly(caption(77));
        assertThat(reader.text("location.hash")).isEqualTo("#/jobs?text=NUMBER+77%2C");
        browser.evaluate("location.reload()");
        reader.awaitText("1 job fits, the latest first.");
        reader.enter("find", "lighthouse", "input");
        reader.enter("state", "failed", "change");
        reader.awaitText("2 jobs fit, the latest first.");
        assertThat(reader.texts(".jobs .status")).containsExactly("1 failed", "failed");
        reader.enter("kind", "several", "change");
        reader.awaitText("1 job fits, the latest first.");
        reader.enter("find", "no such caption", "input");
        reader.awaitText("No job fits.");
    }

    @Test
    @Order(3)
    void aFailedPictureTellsItsReason() throws Exception {
        browser.evaluate("location.hash = '#/job/single-1'");
        reader.awaitText("the caption is a riddle: say what is to be seen");
        assertThat(reader.texts("h1")).containsExactly(caption(1));
        assertThat(reader.texts(".title .status")).containsExactly("failed");
        assertThat(reader.text("document.title")).isEqualTo(caption(1) + " – Nocturne");
        reader.check("failed");
    }

    @Test
    @Order(4)
    void anEndIsARangeOfTimes() throws Exception {
        String night = "new Date(2020, 4, 1, 22, 30), new Date(2020, 4, 2, 1, 5)";
        assertThat(
                        reader.text(
                                "import('./page/format.js').then(({between}) => between(%s))"
                                        .formatted(night)))
                .matches("between Fri,? 1 May.* 22:30 and Sat,? 2 May.* 01:05");
        assertThat(
                        reader.text(
                                """
                                import('./page/standing.js').then(({factsOf}) => factsOf({
                                  status: 'in_progress', rate_per_second: 0, eta_seconds: 90, counts: {},
                                  estimated_finish: {earliest: '2020-05-01T22:30:00Z', latest: '2020-05-02T01:05:00Z'},
                                }).map(({textContent}) => textContent).join())"""))
                .startsWith("done between ")
                .contains(" and ");
    }

    @Test
    @Order(5)
    void thousandsOfJobsAreReadPageByPageAndFewAreInTheDocument() throws Exception {
        Instant now = Instant.now();
        for (int i = 0; i < MORE_JOBS; i++) {
            pipeline.submit("more-" + i, 1, now.plusMillis(i), "a stork, number " + i);
        }
        await().atMost(PATIENCE).until(() -> list("text=stork").size() == MORE_JOBS);
        browser.evaluate("location.hash = '#/jobs'; location.reload()");
        reader.awaitText("The latest 50 jobs; older ones follow.");
        assertThat(rows()).isEqualTo(50);
        int known = list("").size();

        scrollToTheEnd("%,d jobs, the latest first.".formatted(known));

        assertThat(reader.number("document.querySelectorAll('*').length")).isLessThan(4_500);
        browser.evaluate("location.hash = '#/job/single-90'");
        reader.awaitText(caption(90));
        browser.evaluate("history.back()");
        reader.awaitText("%,d jobs, the latest first.".formatted(known));
        reader.await("scrollY > 10000"); // where one was
        browser.evaluate("location.hash = '#/job/single-91'; location.reload()");
        reader.awaitText(caption(91)); // no snapshot has it
    }

    private JsonNode list(String query) throws Exception {
        return JSON.readTree(get("v1/jobs?" + query).body());
    }

    private int rows() throws Exception {
        return reader.number("document.querySelectorAll('.jobs li').length");
    }

    private void scrollToTheEnd(String told) {
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(
                        () -> {
                            assertThat(rows()).isLessThan(330);
                            browser.evaluate("scrollTo(0, document.body.scrollHeight)");
                            return browser.text().contains(told);
                        });
    }

    private HttpResponse<String> get(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(root.resolve(path)).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
