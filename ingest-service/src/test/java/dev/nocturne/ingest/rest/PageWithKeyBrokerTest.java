package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page of a service that wants a key, at a path of a proxy, in Chromium; skipped where there is
 * none.
 */
@QuarkusTest
@TestProfile(WithKey.class)
class PageWithKeyBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @ConfigProperty(name = "nocturne.api.public-url")
    String publicUrl;

    @ConfigProperty(name = "nocturne.kafka.bootstrap-servers")
    String bootstrapServers;

    @ConfigProperty(name = "nocturne.s3.endpoint")
    String endpoint;

    @ConfigProperty(name = "nocturne.s3.access-key")
    String accessKey;

    @ConfigProperty(name = "nocturne.s3.secret-key")
    String secretKey;

    @TempDir Path folder;

    private Chromium browser;

    @Test
    void everythingWorksOnceTheKeyIsShown() throws Exception {
        awaitReady();
        try (Chromium chromium = Chromium.start(Chromium.orSkip(), folder.resolve("profile"))) {
            browser = chromium;
            chromium.look(1280, 900, "dark");
            chromium.open(publicUrl);
            asksForTheKeyAndTakesNoOther();
            String job = submits();
            isToldLiveOfAPictureAndShowsIt(job);
            downloads(job);
            keepsNoKey();
            signsOut();
            assertThat(chromium.errors())
                    .allMatch(error -> error.contains("401")); // before the key, and after it
        }
    }

    /** Else what the page asks for is refused with a 503, and rightly so. */
    private void awaitReady() {
        HttpRequest health =
                HttpRequest.newBuilder(URI.create(publicUrl + "q/health/ready")).build();
        await().atMost(PATIENCE)
                .until(
                        () ->
                                HttpClient.newHttpClient()
                                                .send(
                                                        health,
                                                        HttpResponse.BodyHandlers.discarding())
                                                .statusCode()
                                        == 200);
    }

    private void asksForTheKeyAndTakesNoOther() throws Exception {
        awaitText("This server asks for its key");
        browser.screenshot(Path.of("target", "page-sign-in.png"));
        enter("guessed-0123456789");
        awaitText("the API key is not right");

        enter(WithKey.NEXT_KEY);

        awaitText("Live");
        awaitText("No job yet");
        assertThat(browser.text()).contains("Sign out").doesNotContain("asks for its key");
    }

    private void enter(String key) throws Exception {
        browser.evaluate(
                """
                document.getElementById('api-key').value = '%s';
                document.querySelector('dialog form').requestSubmit()"""
                        .formatted(key));
    }

    private String submits() throws Exception {
        browser.evaluate("location.hash = '#/new'");
        awaitText("What shall be painted?");
        browser.evaluate(
                """
                document.getElementById('captions').value = 'a paper boat';
                document.querySelector('form').requestSubmit()""");
        awaitText("0 of 1 caption painted");
        return browser.evaluate("decodeURIComponent(location.hash.split('/')[2])").textValue();
    }

    private void isToldLiveOfAPictureAndShowsIt(String job) throws Exception {
        String request = Ids.requestId(job, "line-1");
        String key = "jobs/%s/images/%s/1.png".formatted(job, request);
        ObjectStore.open(EmbeddedServers.settings(endpoint, accessKey, secretKey))
                .put(key, png(), "image/png");
        RequestFinished painted =
                new RequestFinished(
                        new RequestRef(job, request, "line-1", "a paper boat"),
                        RequestStatus.COMPLETED,
                        List.of(new StoredImage(1, key, "00ff", 9L, 3, 7L, 0.25f, -7.5)),
                        null,
                        Instant.now());
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(new KafkaSettings(bootstrapServers, Map.of()).producer())) {
            producer.send(
                    new ProducerRecord<>(
                            Topics.RESULTS.name(),
                            Ids.key(job, request).getBytes(UTF_8),
                            EventCodec.encode(painted)));
        }
        awaitText("1 of 1 caption painted");
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> number("document.querySelector('.card img').naturalWidth") == 64);
        awaitText("completed");
        browser.screenshot(Path.of("target", "page-with-key.png"));
    }

    private void downloads(String job) throws Exception {
        awaitText("manifest.json names and checksums of all files");
        String manifest =
                browser.evaluate(
                                """
                                fetch(document.querySelector('a[download$="manifest.json"]').href)
                                  .then((answer) => answer.text())""")
                        .textValue();
        assertThat(manifest).contains(job, "output.jsonl");
        assertThat(
                        number(
                                """
                                fetch(document.querySelector('.card a').href)
                                  .then((answer) => answer.blob()).then((picture) => picture.size)"""))
                .isEqualTo(png().length);
    }

    /** Not where scripts could read it, and in no address. */
    private void keepsNoKey() throws Exception {
        assertThat(
                        browser.evaluate(
                                        """
                                        document.cookie + JSON.stringify(localStorage)
                                          + JSON.stringify(sessionStorage) + location.href
                                          + performance.getEntries().map(({name}) => name)
                                          + document.documentElement.outerHTML""")
                                .textValue())
                .doesNotContain(WithKey.NEXT_KEY, "nocturne-session=");
    }

    private void signsOut() throws Exception {
        browser.evaluate("document.querySelector('#session button').click()");
        awaitText("This server asks for its key");
    }

    private int number(String expression) throws Exception {
        return browser.evaluate(expression).intValue();
    }

    private static byte[] png() throws IOException {
        BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        image.setRGB(32, 32, Color.ORANGE.getRGB());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private void awaitText(String text) {
        await().atMost(PATIENCE)
                .ignoreExceptions() // a page that is being opened answers nothing
                .untilAsserted(() -> assertThat(browser.text()).contains(text));
    }
}
