package dev.nocturne.training;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/** The report of an evaluation as a page with pictures, which needs nothing but its folder. */
final class EvaluationPage {
    private static final int SHOWN = 8;

    private EvaluationPage() {}

    static void write(
            Path out,
            Evaluation.Report report,
            BufferedImage reconstructions,
            List<Evaluation.Drawn> drawn)
            throws IOException {
        ImageIO.write(reconstructions, "png", out.resolve("reconstructions.png").toFile());
        ImageIO.write(sheet(drawn), "png", out.resolve("samples.png").toFile());
        Path pictures = Files.createDirectories(out.resolve("pictures"));
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < drawn.size(); i++) {
            Evaluation.Drawn one = drawn.get(i);
            String best = "pictures/%d-best.png".formatted(i);
            String near = "pictures/%d-nearest.png".formatted(i);
            ImageIO.write(
                    Pictures.sheet(List.of(one.ranked().subList(0, SHOWN))),
                    "png",
                    out.resolve(best).toFile());
            ImageIO.write(one.nearest().drawing(), "png", out.resolve(near).toFile());
            rows.append(
                    """
                    <tr><td>%s</td><td>%s / %s</td><td><img src="%s" alt="the best pictures, best first"></td>\
                    <td><img src="%s" alt="the nearest training drawing"> %.2f</td></tr>
                    """
                            .formatted(
                                    escaped(one.caption()),
                                    mark(one.firstRecognised()),
                                    mark(one.bestRecognised()),
                                    best,
                                    near,
                                    one.nearest().correlation()));
        }
        StringBuilder curve = new StringBuilder();
        report.bestOf()
                .forEach(
                        (n, score) ->
                                curve.append(
                                        "<tr><td>best of %d</td><td>%.3f</td></tr>%n"
                                                .formatted(n, score)));
        Files.writeString(
                out.resolve("index.html"),
                """
                <!DOCTYPE html>
                <html lang="en"><head><meta charset="utf-8"><title>%1$s</title>
                <meta name="viewport" content="width=device-width">
                <style>
                body { font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; }
                table { border-collapse: collapse; margin: 1em 0; } td { border-top: 1px solid #999; padding: .3em 1em .3em 0; }
                img { vertical-align: middle; max-width: 100%%; }
                @media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } }
                </style></head><body>
                <h1>%1$s</h1>
                <p>Measured on %2$d drawings that no training saw, of concepts that it saw in other drawings, and on pictures
                drawn of their captions with temperature %3$s and guidance %16$s.</p>
                <table>
                <tr><td>dVAE: PSNR</td><td>%4$.2f dB</td></tr>
                <tr><td>dVAE: SSIM</td><td>%5$.3f</td></tr>
                <tr><td>codebook perplexity</td><td>%6$.0f; %7$d of %8$d codes in use</td></tr>
                <tr><td>CLIP: caption to drawing, recall@1, recall@5</td><td>%9$.0f %%, %10$.0f %%</td></tr>
                <tr><td>caption accuracy of one picture</td><td>%11$.0f %%</td></tr>
                <tr><td>caption accuracy of the best of 16, judged by the CLIP that chose it</td><td>%12$.0f %%</td></tr>
                <tr><td>correlation of the best with the nearest training drawing, mean</td><td>%13$.2f</td></tr>
                </table>
                <h2>Best of N</h2><p>Mean CLIP score of the best of N candidates.</p><table>
                %14$s</table>
                <h2>Reconstructions</h2><p>Each row of originals over its reconstructions.</p>
                <p><img src="reconstructions.png" alt="originals and reconstructions"></p>
                <h2>Pictures</h2><p>Recognised by CLIP among the captions here: the first drawn / the best of 16.</p><table>
                %15$s</table>
                </body></html>
                """
                        .formatted(
                                escaped(report.model()),
                                drawn.size(),
                                report.sampling().temperature(),
                                report.psnr(),
                                report.ssim(),
                                report.codebookPerplexity(),
                                report.codesInUse(),
                                report.codes(),
                                100 * report.recallAt1(),
                                100 * report.recallAt5(),
                                100 * report.captionAccuracy(),
                                100 * report.captionAccuracyBest(),
                                report.nearestTraining(),
                                curve,
                                rows,
                                report.sampling().guidance()));
    }

    /** Two captions a row, the best of each first. */
    private static BufferedImage sheet(List<Evaluation.Drawn> drawn) {
        List<List<BufferedImage>> rows = new ArrayList<>();
        for (int i = 0; i < drawn.size(); i += 2) {
            List<BufferedImage> row = new ArrayList<>();
            drawn.subList(i, Math.min(i + 2, drawn.size()))
                    .forEach(one -> row.addAll(one.ranked().subList(0, SHOWN)));
            rows.add(row);
        }
        return Pictures.sheet(rows);
    }

    private static String mark(boolean recognised) {
        return recognised ? "yes" : "no";
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
