package dev.nocturne.training.evaluate;

import dev.nocturne.training.measure.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The report of an evaluation on captioned pictures, with what was drawn. */
final class DataPage {
    private static final int SHOWN = 8;

    private DataPage() {}

    /**
     * @param real by caption, as {@code drawn}
     */
    static void write(
            Path out,
            DataReport report,
            BufferedImage reconstructions,
            List<BufferedImage> real,
            List<Drawn> drawn)
            throws IOException {
        ReportPage page = new ReportPage(out);
        List<List<BufferedImage>> sheet = new ArrayList<>();
        page.add(
                """
                <h2>Drawn</h2><p>The real picture, then the best of 16 candidates, best first.</p>
                <table><tr><th>caption</th><th>real, best first</th></tr>
                """);
        for (int i = 0; i < drawn.size(); i++) {
            List<BufferedImage> row = new ArrayList<>(List.of(real.get(i)));
            row.addAll(drawn.get(i).ranked().subList(0, SHOWN));
            sheet.add(row);
            page.row(
                    ReportPage.escaped(drawn.get(i).caption()),
                    page.picture(Pictures.sheet(List.of(row)), "the real picture, and the best"));
        }
        page.add("</table>\n");
        page.write(Pictures.sheet(sheet), "samples.png");
        page.write(
                report.model(),
                """
                Measured on %d captioned pictures that are held out, and on pictures drawn of their captions with
                temperature %s and guidance %s."""
                        .formatted(
                                report.pictures(),
                                report.sampling().temperature(),
                                report.sampling().guidance()),
                report.table(),
                """
                Caption accuracy is the share of drawn pictures whose caption is found among all; CLIP judges what it
                chose itself. Distances are between the real pictures and what is named, both blurred by as many pixels:
                what is left of a distance then lies in shapes and colours. They grow as pictures get fewer, so compare
                models on as many.""",
                reconstructions);
    }
}
