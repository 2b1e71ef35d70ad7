package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.tokenizer.BpeTokenizer;
import java.util.List;
import org.junit.jupiter.api.Test;

class CaptionCutTest {
    /** A token a letter. */
    private final CaptionCut cut = new CaptionCut(new BpeTokenizer(List.of(), 10));

    @Test
    void whatFitsStaysAndWhatDoesNotEndsWithAWord() {
        assertThat(cut.cut("a red star")).isEqualTo("a red star");
        assertThat(cut.cut("a yellow star above a house")).isEqualTo("a yellow");
        assertThat(cut.cut("a yellow sta rs")).isEqualTo("a yellow sta");
        assertThat(cut.cut("nobodycanreadthis")).isEqualTo("nobodycanr");
        assertThat(cut.cut("")).isEmpty();
    }
}
