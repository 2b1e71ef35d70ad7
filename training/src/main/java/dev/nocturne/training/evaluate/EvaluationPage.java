package dev.nocturne.training.evaluate;

import dev.nocturne.training.measure.Nearest;
import dev.nocturne.training.measure.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;

/** The report of an evaluation as a page with pictures, which needs nothing but its folder. */
final class EvaluationPage {
    private static final int SHOWN = 8;

    private final Path out;
    private final StringBuilder sections = new StringBuilder();
    private int pictures;

    EvaluationPage(Path out) throws IOException {
        this.out = out;
        Files.createDirectories(out.resolve("pictures"));
    }

    /** The pictures of single things, also all on one sheet, {@code samples.png}. */
    void singles(List<Evaluation.Single> singles) throws IOException {
        ImageIO.write(sheet(singles), "png", out.resolve("samples.png").toFile());
        sections.append(
                """
                <h2>Single things</h2><p>Whether the caption was found among the captions here, of the picture drawn
                first / of the best of 16: by CLIP, which also chose the best, and by the judge. The last column is the
                training drawing nearest to the best, with its correlation.</p>
                <table><tr><th>caption</th><th>CLIP</th><th>judge</th><th>best first</th><th>nearest</th></tr>
                """);
        for (Evaluation.Single single : singles) {
            row(
                    escaped(single.drawn().caption()),
                    marks(single.byClip()),
                    marks(single.byJudge()),
                    best(single.drawn()),
                    nearest(single.nearest()));
        }
        sections.append("</table>\n");
    }

    /** The pictures of one kind of scenes. */
    <V extends Scenes.Finding> void scenes(String label, List<Evaluation.Scene<V>> scenes) {
        sections.append(
                """
                <h2>Scenes: %s</h2><p>Below the caption what was found in the picture drawn first / in the best of 16 /
                in the scene composed of real drawings, which is the last picture: objects and colours of two, the rest
                of one. Nearest are the training drawings that are most like the two halves of the best.</p>
                <table><tr><th>caption</th><th>best first</th><th>nearest</th><th>real</th></tr>
                """
                        .formatted(escaped(label)));
        for (Evaluation.Scene<V> scene : scenes) {
            row(
                    "%s<br><small>%s</small>"
                            .formatted(escaped(scene.drawn().caption()), found(scene)),
                    best(scene.drawn()),
                    nearest(scene.nearest().get(0)) + "<br>" + nearest(scene.nearest().get(1)),
                    picture(scene.real(), "the scene composed of drawings"));
        }
        sections.append("</table>\n");
    }

    void write(EvaluationReport report, BufferedImage reconstructions) throws IOException {
        ImageIO.write(reconstructions, "png", out.resolve("reconstructions.png").toFile());
        StringBuilder table = new StringBuilder();
        report.table()
                .forEach(
                        (measure, value) ->
                                table.append(
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
                <p>Measured on %2$d drawings that no training saw, of concepts that it saw in other drawings, and on
                pictures drawn with temperature %3$s and guidance %4$s: of the captions of those drawings, and of scenes of
                two objects.</p>
                <table>
                %5$s</table>
                <p>Caption accuracy is the share of pictures whose caption is found among the %2$d. CLIP judges what it chose
                itself. The judge shares no weight and no feature with it: it compares edges and colours with all drawings
                of the art. How far to trust it, the row of the judge tells: there it names drawings without having seen any
                by the same hand; a picture that repeats a training drawing is easier. In scenes it names each half by one of
                the objects of all scenes of that kind, so that chance finds one object of %6$d; the rows of real drawings
                are scenes as they should be, and say what it can find. Colours are counted pixels.</p>
                <h2>Reconstructions</h2><p>Each row of originals over its reconstructions.</p>
                <p><img src="reconstructions.png" alt="originals and reconstructions"></p>
                %7$s</body></html>
                """
                        .formatted(
                                escaped(report.model()),
                                report.drawings(),
                                report.sampling().temperature(),
                                report.sampling().guidance(),
                                table,
                                2 * report.binding().get(0).real().scenes(),
                                sections));
    }

    private void row(String... cells) {
        sections.append("<tr><td>").append(String.join("</td><td>", cells)).append("</td></tr>\n");
    }

    private String best(Drawn drawn) {
        return picture(
                Pictures.sheet(List.of(drawn.ranked().subList(0, SHOWN))),
                "the best pictures, best first");
    }

    private String nearest(Nearest.Match match) {
        return "%s %.2f"
                .formatted(
                        picture(match.drawing(), "the nearest training drawing"),
                        match.correlation());
    }

    /** The element that shows a picture, which is written beside the page. */
    private String picture(BufferedImage picture, String alternative) {
        String file = "pictures/%d.png".formatted(pictures++);
        try {
            ImageIO.write(picture, "png", out.resolve(file).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + out.resolve(file), e);
        }
        return "<img src=\"%s\" alt=\"%s\">".formatted(file, alternative);
    }

    /** Each count of the first picture, the best and the real one, side by side. */
    private static String found(Evaluation.Scene<? extends Scenes.Finding> scene) {
        Map<String, Integer> best = scene.best().counts();
        Map<String, Integer> real = scene.ofReal().counts();
        return scene.first().counts().entrySet().stream()
                .map(
                        first ->
                                "%s %d / %d / %d"
                                        .formatted(
                                                first.getKey(),
                                                first.getValue(),
                                                best.get(first.getKey()),
                                                real.get(first.getKey())))
                .collect(Collectors.joining("<br>"));
    }

    /** Two captions a row, the best of each first. */
    private static BufferedImage sheet(List<Evaluation.Single> singles) {
        List<List<BufferedImage>> rows = new ArrayList<>();
        for (int i = 0; i < singles.size(); i += 2) {
            List<BufferedImage> row = new ArrayList<>();
            singles.subList(i, Math.min(i + 2, singles.size()))
                    .forEach(single -> row.addAll(single.drawn().ranked().subList(0, SHOWN)));
            rows.add(row);
        }
        return Pictures.sheet(rows);
    }

    private static String marks(Evaluation.Recognised recognised) {
        return mark(recognised.first()) + " / " + mark(recognised.best());
    }

    private static String mark(boolean recognised) {
        return recognised ? "yes" : "no";
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
