package dev.nocturne.ingest.archive;

import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A job's pictures as static pages, {@code index.html} first: captions, pictures and scores, with
 * relative links alone, so that they open from the bucket and from a downloaded folder alike.
 */
final class ContactPages implements AutoCloseable {

    static final int REQUESTS_PER_PAGE = 500;

    private static final String STYLE =
            """
            :root { color-scheme: light dark }
            body { font: 16px/1.4 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 72rem }
            h1 { font-size: 1.2rem; overflow-wrap: anywhere }
            h2 { font-size: 1rem; font-weight: 500; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere }
            nav a, nav b { margin-right: .75rem }
            .row { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .5rem }
            figure { margin: 0 }
            img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 4px;
              background: color-mix(in srgb, currentColor 8%, transparent) }
            figcaption { font-size: .8rem; opacity: .75; font-variant-numeric: tabular-nums }
            .failed { color: light-dark(#a40000, #ff9d94); margin: 0 }
            """;

    private final Path folder;
    private final String jobId;
    private final String summary;
    private final int pages;
    private final List<Path> files = new ArrayList<>();
    private Writer page; // null between two pages
    private int requests;

    /**
     * @param total requests of the job
     * @param summary one line about it
     */
    ContactPages(Path folder, String jobId, int total, String summary) {
        this.folder = folder;
        this.jobId = jobId;
        this.summary = summary;
        this.pages = Math.max(1, (total + REQUESTS_PER_PAGE - 1) / REQUESTS_PER_PAGE);
    }

    void add(RequestResult result) throws IOException {
        if (page == null) {
            open();
        }
        page.write("<section>\n<h2>%s</h2>\n".formatted(escape(heading(result))));
        if (result.failure() != null) {
            page.write(
                    "<p class=\"failed\">%s: %s</p>\n"
                            .formatted(
                                    escape(result.failure().code()),
                                    escape(result.failure().message())));
        } else {
            page.write("<div class=\"row\">\n");
            for (ResultFile.Image image : result.images()) {
                writePicture(result, image);
            }
            page.write("</div>\n");
        }
        page.write("</section>\n");
        requests++;
        if (requests % REQUESTS_PER_PAGE == 0) {
            finish();
        }
    }

    /** A line that was bad has no caption. */
    private static String heading(RequestResult result) {
        return result.caption().isEmpty() ? result.customId() : result.caption();
    }

    private void writePicture(RequestResult result, ResultFile.Image image) throws IOException {
        String name = escape(image.key().substring(JobKeys.key(jobId, "").length()));
        page.write(
                """
                <figure><a href="%s"><img src="%s" alt="%s" loading="lazy"></a>\
                <figcaption>%s</figcaption></figure>
                """
                        .formatted(
                                name,
                                name,
                                escape(result.caption()),
                                image.rank() + ": " + image.worth()));
    }

    private void open() throws IOException {
        Path file = folder.resolve(name(files.size() + 1));
        files.add(file);
        page = Files.newBufferedWriter(file);
        page.write(
                """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>%s</title>
                <style>
                %s</style>
                </head>
                <body>
                <h1>%s</h1>
                <p>%s</p>
                """
                        .formatted(escape(jobId), STYLE, escape(jobId), escape(summary)));
        writeNavigation();
        page.write("<main>\n");
    }

    private void writeNavigation() throws IOException {
        if (pages == 1) {
            return;
        }
        page.write("<nav aria-label=\"Pages\">\n");
        for (int number = 1; number <= pages; number++) {
            page.write(
                    number == files.size()
                            ? "<b aria-current=\"page\">%d</b>\n".formatted(number)
                            : "<a href=\"%s\">%d</a>\n".formatted(name(number), number));
        }
        page.write("</nav>\n");
    }

    private static String name(int number) {
        return number == 1 ? "index.html" : "index-%d.html".formatted(number);
    }

    private void finish() throws IOException {
        page.write("</main>\n");
        writeNavigation();
        page.write("</body>\n</html>\n");
        page.close();
        page = null;
    }

    /** The pages, whole once this is closed. */
    List<Path> files() {
        return files;
    }

    /** Ends the last page; a job of nothing has one, too. */
    @Override
    public void close() throws IOException {
        if (files.isEmpty()) {
            open();
        }
        if (page != null) {
            finish();
        }
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    static String summary(int total, int completed, int failed, int unpainted) {
        StringBuilder text = new StringBuilder("%d captions".formatted(total));
        text.append(", %d painted".formatted(completed));
        if (failed > 0) {
            text.append(", %d failed".formatted(failed));
        }
        if (unpainted > 0) {
            text.append(", %d cancelled or expired".formatted(unpainted));
        }
        return text.toString();
    }
}
