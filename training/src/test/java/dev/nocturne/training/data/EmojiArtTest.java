package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class EmojiArtTest {

    private final List<Drawing> art = EmojiArt.load();

    @Test
    void everyDrawingHasACaptionAndADocument() {
        assertThat(art)
                .hasSizeGreaterThan(9000)
                .allSatisfy(
                        drawing -> {
                            assertThat(drawing.caption()).isNotBlank().isLowerCase();
                            assertThat(drawing.svg()).startsWith("<svg").endsWith("</svg>");
                            assertThat(drawing.licence()).isIn("MIT", "Apache-2.0", "CC-BY-4.0");
                        });
    }

    @Test
    void knownFalseCaptionsAreLeftOut() {
        assertThat(art)
                .extracting(Drawing::toString)
                .contains("noto:turkey")
                .doesNotContain("streamline-emojis:turkey", "fxemoji:boar");
    }

    @Test
    void thingsAreKeptAndSignsAreNot() {
        assertThat(captions(true)).contains("pizza", "cat", "red heart", "rocket", "grinning face");
        assertThat(captions(false)).contains("keycap 1", "left arrow", "aries", "firefighter");
        assertThat(captions(true)).doesNotContainAnyElementsOf(captions(false));
    }

    @Test
    void picturesWithTextOrDirectionAreNotMirrored() {
        for (Drawing drawing : art) {
            if (List.of(
                            "left arrow",
                            "two o'clock",
                            "keycap 4",
                            "ok button",
                            "flag in hole",
                            "backhand index pointing right",
                            "last quarter moon",
                            "taxi")
                    .contains(drawing.caption())) {
                assertThat(drawing.mirrorable()).as(drawing.toString()).isFalse();
            }
            if (List.of("pizza", "cat", "rocket", "banana").contains(drawing.caption())) {
                assertThat(drawing.mirrorable()).as(drawing.toString()).isTrue();
            }
        }
    }

    private List<String> captions(boolean things) {
        return art.stream()
                .filter(drawing -> drawing.depictsThing() == things)
                .map(Drawing::caption)
                .distinct()
                .toList();
    }
}
