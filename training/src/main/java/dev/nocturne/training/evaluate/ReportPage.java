package dev.nocturne.training.evaluate;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;

/** A page of figures and pictures, which needs nothing but its folder. */
final class ReportPage {
    private final Path out;
    private final StringBuilder sections = new StringBuilder();
    private int pictures;

    ReportPage(Path out) throws IOException {
        this.out = out;
        Files.createDirectories(out.resolve("pictures"));
    }

    /** Adds what stands below the reconstructions. */
    void add(String html) {
        sections.append(html);
    }

    /** Adds a row of the table that was begun last. */
    void row(String... cells) {
        sections.append("<tr><td>").append(String.join("</td><td>", cells)).append("</td></tr>\n");
    }

    /** The element that shows a picture, which is written beside the page. */
    String picture(BufferedImage picture, String alternative) {
        String file = "pictures/%d.png".formatted(pictures++);
        try {
            write(picture, file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + out.resolve(file), e);
        }
        return "<img src=\"%s\" alt=\"%s\">".formatted(file, alternative);
    }

    /** Writes a picture for others than the page. */
    void write(BufferedImage picture, String file) throws IOException {
        ImageIO.write(picture, "png", out.resolve(file).toFile());
    }

    /**
     * Writes {@code index.html}.
     *
     * @param measured on what
     * @param table what was measured and what came out
     * @param explained what the table's words mean
     */
    void write(
            String model,
            String measured,
            Map<String, String> table,
            String explained,
            BufferedImage reconstructions)
            throws IOException {
        write(reconstructions, "reconstructions.png");
        StringBuilder rows = new StringBuilder();
        table.forEach(
                (measure, value) ->
                        rows.append(
                                "<tr><td>%s</td><td>%s</td></tr>%n"
                                        .formatted(escaped(measure), escaped(value))));
        Files.writeString(
                out.resolve("index.html"),
                """
                <!DOCTYPE html>
                <html lang="en"><head><meta charset="utf-8"><title>%1$s</title>
                <meta name="viewport" content="width=device-width">
                <style>
                body { font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; }
                table { border-collapse: collapse; margin: 1em 0; } th { text-align: left; }
                td { border-top: 1px solid #999; padding: .3em 1em .3em 0; }
                img { vertical-align: middle; max-width: 100%%; }
                @media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } }
                </style></head><body>
                <h1>%1$s</h1>
                <p>%2$s</p>
                <table>
                %3$s</table>
                <p>%4$s</p>
                <h2>Reconstructions</h2><p>Each row of originals over its reconstructions.</p>
                <p><img src="reconstructions.png" alt="originals and reconstructions"></p>
                %5$s</body></html>
                """
                        .formatted(escaped(model), measured, rows, explained, sections));
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
