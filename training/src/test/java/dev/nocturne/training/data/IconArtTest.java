package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IconArtTest {
    private static final int SIZE = 24;

    /** Two drawings of one thing by different hands are hardly ever more alike. */
    private static final double COPY = 0.95;

    private final List<Drawing> icons = IconArt.load(EmojiArt.load());

    @Test
    void everyIconHasACaptionALicenceAStyleAndADocument() {
        assertThat(icons)
                .hasSizeGreaterThan(1200)
                .doesNotHaveDuplicates()
                .allSatisfy(
                        icon -> {
                            assertThat(icon.caption()).isNotBlank().isLowerCase();
                            assertThat(icon.svg()).startsWith("<svg").endsWith("</svg>");
                            assertThat(icon.licence())
                                    .isIn("MIT", "Apache-2.0", "CC-BY-3.0", "CC-BY-4.0");
                            assertThat(icon.style()).isPresent();
                        });
    }

    @Test
    void noBrandIsAmongThem() {
        assertThat(icons)
                .extracting(Drawing::name)
                .noneMatch(
                        name ->
                                name.matches(
                                        "apple|android.*|facebook.*|google.*|r2d2|wall-e|pokeball"
                                                + "|spongebob|linux|windows|.*-logo.*|tiktok|pacman"));
    }

    @Test
    void sceneWorthyIconsAreOfThingsThatScenesAreMadeOf() {
        assertThat(icons)
                .filteredOn(Drawing::sceneWorthy)
                .hasSizeGreaterThan(100)
                .noneMatch(icon -> icon.codepoints().startsWith("icon-"))
                .noneMatch(icon -> icon.source().equals("streamline-kameleon-color"));
    }

    @Test
    void noIconIsACopyOfAHeldOutDrawing(@TempDir Path cache) throws IOException {
        Set<String> heldOut = new HashSet<>(Split.VALIDATION.order());
        heldOut.addAll(Split.TEST.order());
        List<Drawing> emoji =
                EmojiArt.load().stream()
                        .filter(Drawing::depictsThing)
                        .filter(drawing -> heldOut.contains(drawing.toString()))
                        .toList();
        List<Sprite> held = SpriteSheet.render(emoji, SIZE, cache);
        List<double[]> heldPixels = held.stream().map(IconArtTest::pixels).toList();
        List<String> copies = new ArrayList<>();
        for (Sprite icon : SpriteSheet.render(icons, SIZE, cache)) {
            double[] pixels = pixels(icon);
            for (int i = 0; i < held.size(); i++) {
                if (correlation(pixels, heldPixels.get(i)) > COPY) {
                    copies.add(icon.drawing() + " = " + held.get(i).drawing());
                }
            }
        }
        assertThat(copies).isEmpty();
    }

    /** On white, the mean taken away, of length one. */
    private static double[] pixels(Sprite sprite) {
        double[] pixels = new double[3 * SIZE * SIZE];
        double mean = 0;
        for (int i = 0; i < pixels.length; i++) {
            int argb = sprite.argb()[i / 3];
            double alpha = (argb >>> 24) / 255.0;
            pixels[i] = 255 - alpha * (255 - (argb >> 8 * (i % 3) & 255));
            mean += pixels[i] / pixels.length;
        }
        double square = 0;
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] -= mean;
            square += pixels[i] * pixels[i];
        }
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] /= Math.sqrt(square);
        }
        return pixels;
    }

    private static double correlation(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
