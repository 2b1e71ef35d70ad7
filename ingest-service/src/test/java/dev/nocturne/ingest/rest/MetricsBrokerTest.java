package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Metrics;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a scraper gets. */
@QuarkusTest
@QuarkusTestResource(EmbeddedServers.class)
class MetricsBrokerTest {

    private static final int SCRAPE_BYTES = 50_000;

    @TestHTTPResource("/q/metrics")
    URI metrics;

    private final HttpClient http = HttpClient.newHttpClient();

    /** The requests that other classes made in this process are counted in the same registry. */
    @BeforeAll
    static void forgetOthersRequests() {
        Metrics.globalRegistry
                .find("http.server.requests")
                .meters()
                .forEach(Metrics.globalRegistry::remove);
    }

    @BeforeEach
    void awaitReady() {
        await().atMost(Duration.ofMinutes(2))
                .until(
                        () ->
                                new String(scrape("Accept", "text/plain").body(), UTF_8)
                                        .contains("client_id=\"json-captions-consumer\""));
    }

    @Test
    void aScrapeIsSmallAndHasNoLabelThatChangesAtEveryStart() throws Exception {
        assertThat(new String(scrape("Accept", "text/plain").body(), UTF_8))
                .hasSizeLessThan(SCRAPE_BYTES)
                .contains("nocturne_stage_queue_seconds_bucket{")
                .doesNotContainPattern("\\p{XDigit}{8}-\\p{XDigit}{4}-");
    }

    @Test
    void aScrapeIsCompressedWhereAskedFor() throws Exception {
        HttpResponse<byte[]> plain = scrape("Accept", "text/plain");
        HttpResponse<byte[]> zipped =
                scrape("Accept", "text/plain", "Accept-Encoding", "gzip, deflate");

        assertThat(plain.headers().firstValue("content-encoding")).isEmpty();
        assertThat(zipped.headers().firstValue("content-encoding")).contains("gzip");
        assertThat(zipped.body().length).isLessThan(plain.body().length / 4);
        try (GZIPInputStream body = new GZIPInputStream(new ByteArrayInputStream(zipped.body()))) {
            assertThat(new String(body.readAllBytes(), UTF_8)).contains("nocturne_stage_");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "application/openmetrics-text;version=1.0.0 | application/openmetrics-text",
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1 | application/openmetrics-text",
                "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1 | application/openmetrics-text",
                "text/plain | text/plain",
                "*/* | application/openmetrics-text"
            })
    void bothFormatsAreHadByTheirNames(String accept, String type) throws Exception {
        HttpResponse<byte[]> scrape = scrape("Accept", accept);

        assertThat(scrape.statusCode()).isEqualTo(200);
        assertThat(scrape.headers().firstValue("content-type").orElse("")).startsWith(type);
        assertThat(new String(scrape.body(), UTF_8).strip().endsWith("# EOF"))
                .isEqualTo(type.contains("openmetrics"));
    }

    private HttpResponse<byte[]> scrape(String... headers)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(metrics).headers(headers).build();
        return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    }
}
