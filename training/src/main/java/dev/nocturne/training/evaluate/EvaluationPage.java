package dev.nocturne.training.evaluate;

import dev.nocturne.training.measure.Enlargement;
import dev.nocturne.training.measure.Nearest;
import dev.nocturne.training.measure.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The report of an evaluation on the art, with its pictures. */
final class EvaluationPage {
    private static final int SHOWN = 8;

    private final ReportPage page;

    EvaluationPage(Path out) throws IOException {
        page = new ReportPage(out);
    }

    /** What the upscaler makes. */
    void enlarged(Enlargement enlargement) {
        page.add(
                """
                <h2>Upscaler</h2><p>Held-out drawings after the dVAE, enlarged bicubically and by the upscaler, and as
                they were drawn.</p>
                <p>%s</p>
                """
                        .formatted(
                                page.picture(enlargement.sheet(), "bicubic, upscaled, as drawn")));
    }

    /** The pictures of single things, also all on one sheet, {@code samples.png}. */
    void singles(List<Evaluation.Single> singles) throws IOException {
        page.write(sheet(singles), "samples.png");
        page.add(
                """
                <h2>Single things</h2><p>Whether the caption was found among the captions here, of the picture drawn
                first / of the best of 16: by CLIP, which also chose the best, and by the judge. The last column is the
                training drawing nearest to the best, with its correlation.</p>
                <table><tr><th>caption</th><th>CLIP</th><th>judge</th><th>best first</th><th>nearest</th></tr>
                """);
        for (Evaluation.Single single : singles) {
            page.row(
                    ReportPage.escaped(single.drawn().caption()),
                    marks(single.byClip()),
                    marks(single.byJudge()),
                    best(single.drawn()),
                    nearest(single.nearest()));
        }
        page.add("</table>\n");
    }

    /** The pictures of one kind of scenes. */
    <V extends Scenes.Finding> void scenes(String label, List<Evaluation.Scene<V>> scenes) {
        page.add(
                """
                <h2>Scenes: %s</h2><p>Below the caption what was found in the picture drawn first / in the best of 16 /
                in the scene composed of real drawings, which is the last picture: objects and colours of two, the rest
                of one. Nearest are the training drawings that are most like the two halves of the best.</p>
                <table><tr><th>caption</th><th>best first</th><th>nearest</th><th>real</th></tr>
                """
                        .formatted(ReportPage.escaped(label)));
        for (Evaluation.Scene<V> scene : scenes) {
            page.row(
                    "%s<br><small>%s</small>"
                            .formatted(ReportPage.escaped(scene.drawn().caption()), found(scene)),
                    best(scene.drawn()),
                    nearest(scene.nearest().get(0)) + "<br>" + nearest(scene.nearest().get(1)),
                    page.picture(scene.real(), "the scene composed of drawings"));
        }
        page.add("</table>\n");
    }

    void write(EvaluationReport report, BufferedImage reconstructions) throws IOException {
        page.write(
                report.model(),
                """
                Measured on %d drawings that no training saw, of concepts that it saw in other drawings, and on
                pictures drawn with temperature %s and guidance %s: of the captions of those drawings, and of scenes of
                two objects."""
                        .formatted(
                                report.drawings(),
                                report.sampling().temperature(),
                                report.sampling().guidance()),
                report.table(),
                """
                Caption accuracy is the share of pictures whose caption is found among the %d. CLIP judges what it chose
                itself. The judge shares no weight and no feature with it: it compares edges and colours with all drawings
                of the art. How far to trust it, the row of the judge tells: there it names drawings without having seen any
                by the same hand; a picture that repeats a training drawing is easier. In scenes it names each half by one of
                the objects of all scenes of that kind, so that chance finds one object of %d; the rows of real drawings
                are scenes as they should be, and say what it can find. Colours are counted pixels."""
                        .formatted(report.drawings(), 2 * report.binding().get(0).real().scenes()),
                reconstructions);
    }

    private String best(Drawn drawn) {
        return page.picture(
                Pictures.sheet(List.of(drawn.ranked().subList(0, SHOWN))),
                "the best pictures, best first");
    }

    private String nearest(Nearest.Match match) {
        return "%s %.2f"
                .formatted(
                        page.picture(match.drawing(), "the nearest training drawing"),
                        match.correlation());
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
}
