package dev.nocturne.ingest.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.runtime.RequestResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContactPagesTest {

    @TempDir Path folder;

    private List<Path> write(int total, RequestResult... results) throws IOException {
        ContactPages pages = new ContactPages(folder, "job-1", total, "some <captions>");
        try (pages) {
            for (RequestResult result : results) {
                pages.add(result);
            }
        }
        return pages.files();
    }

    @Test
    void picturesAreNamedRelativeToThePage() throws IOException {
        RequestResult painted = RequestResult.of(JobStateTest.completed("job-1", "x", 1));
        RequestResult failed = RequestResult.of(JobStateTest.failed("job-1", "y", 2));

        String page = Files.readString(write(2, painted, failed).get(0));

        String picture = "images/%s/1.png".formatted(painted.requestId());
        assertThat(page)
                .contains(
                        "<img src=\"%s\" alt=\"a red heart\" loading=\"lazy\">".formatted(picture))
                .contains("<figcaption>1: score 0.500</figcaption>")
                .contains("model_error: no picture")
                .contains("some &lt;captions&gt;")
                .doesNotContain("<script", "http:", "https:", "<nav");
    }

    @Test
    void captionsCannotBreakThePage() throws IOException {
        RequestResult one = RequestResult.of(JobStateTest.failed("job-1", "y", 2));
        RequestResult evil =
                new RequestResult(
                        one.requestId(),
                        one.customId(),
                        "\"><script>&",
                        one.status(),
                        null,
                        List.of(),
                        one.failure(),
                        one.finishedAt());

        assertThat(Files.readString(write(1, evil).get(0)))
                .contains("<h2>&quot;&gt;&lt;script&gt;&amp;</h2>");
    }

    @Test
    void aLargeJobHasSeveralPagesThatNameEachOther() throws IOException {
        int total = ContactPages.REQUESTS_PER_PAGE + 1;
        RequestResult[] results = new RequestResult[total];
        for (int i = 0; i < total; i++) {
            results[i] = RequestResult.of(JobStateTest.completed("job-1", "x" + i, 1));
        }

        List<Path> pages = write(total, results);

        assertThat(pages)
                .extracting(page -> page.getFileName().toString())
                .containsExactly("index.html", "index-2.html");
        assertThat(Files.readString(pages.get(0)))
                .contains("<a href=\"index-2.html\">2</a>")
                .doesNotContain(results[total - 1].requestId());
        assertThat(Files.readString(pages.get(1)))
                .contains("<a href=\"index.html\">1</a>", results[total - 1].requestId());
    }

    @Test
    void aJobOfNothingHasAPage() throws IOException {
        assertThat(write(0)).hasSize(1);
    }
}
