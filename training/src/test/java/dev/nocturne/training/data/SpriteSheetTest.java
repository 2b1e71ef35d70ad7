package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Rectangle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpriteSheetTest {

    @TempDir private Path cache;

    @Test
    void measuresTheOpaqueBoundsOnATransparentCanvas() throws IOException {
        Sprite sprite = render(Drawings.box("1", "box", "#ff0000")).get(0);

        assertThat(sprite.argb()).hasSize(50 * 50);
        assertThat(sprite.bounds()).isEqualTo(new Rectangle(5, 15, 40, 20));
        assertThat(sprite.argb()[0]).isZero();
        assertThat(sprite.argb()[25 * 50 + 25]).isEqualTo(0xffff0000);
    }

    @ParameterizedTest
    @CsvSource({
        "#e02020, red",
        "#ff8c1a, orange",
        "#ffd900, yellow",
        "#30a030, green",
        "#3070e0, blue",
        "#8040d0, purple",
        "#ff80c0, pink",
        "#804020,", // brown
        "#f0c8a0,", // skin
        "#909090,",
        "#ffffff,",
        "#101010,"
    })
    void namesTheColourOfMostOfThePicture(String fill, String word) {
        int pixel = 0xff000000 | Integer.parseInt(fill.substring(1), 16);
        int[] argb = new int[100];
        Arrays.fill(argb, 0, 60, pixel);
        Arrays.fill(argb, 60, 100, 0xff808080);

        assertThat(Sprite.of(null, 10, argb).colour().orElse(null)).isEqualTo(word);

        argb[0] = 0xff808080;
        assertThat(Sprite.of(null, 10, argb).colour()).isEmpty();
    }

    @Test
    void leavesOutWhatCannotBeSeenAndWhatRepeatsAnEarlierPicture() throws IOException {
        Drawing box = Drawings.box("1", "box", "#0000ff");
        List<Sprite> sprites =
                render(
                        box,
                        Drawings.box("2", "white box", "#ffffff"),
                        Drawings.box("3", "box again", "#0000ff"));

        assertThat(sprites).extracting(Sprite::drawing).containsExactly(box);
    }

    @Test
    void readsFromTheCacheWhatItRenderedBefore() throws IOException {
        List<Sprite> rendered = render(Drawings.box("1", "box", "#0000ff"));
        try (var files = Files.list(cache)) {
            assertThat(files).hasSize(1);
        }
        List<Sprite> cached = render(Drawings.box("1", "box", "#0000ff"));

        assertThat(cached.get(0).argb()).isEqualTo(rendered.get(0).argb());
    }

    @Test
    void refusesACacheThatIsCutShort() throws IOException {
        render(Drawings.box("1", "box", "#0000ff"));
        Path file;
        try (var files = Files.list(cache)) {
            file = files.findFirst().orElseThrow();
        }
        Files.write(file, new byte[7]);

        assertThatThrownBy(() -> render(Drawings.box("1", "box", "#0000ff")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("delete it");
    }

    @Test
    void whatIsSmallerThanThePictureIsRenderedAnew() throws IOException {
        Sprite sprite = render(Drawings.box("1", "box", "#ff0000")).get(0);

        assertThat(SpriteSheet.sharp(sprite, 50)).isSameAs(sprite);
        Sprite sharp = SpriteSheet.sharp(sprite, 200);
        assertThat(sharp.drawing()).isEqualTo(sprite.drawing());
        assertThat(sharp.size()).isEqualTo(300);
        assertThat(sharp.bounds()).isEqualTo(new Rectangle(30, 90, 240, 120));
        assertThat(sharp.colour()).isEqualTo(sprite.colour());
    }

    private List<Sprite> render(Drawing... drawings) throws IOException {
        return SpriteSheet.render(List.of(drawings), 50, cache);
    }
}
