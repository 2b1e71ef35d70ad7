package dev.nocturne.models.tokenizer;

import dev.nocturne.models.format.InvalidModelException;
import java.io.IOException;
import java.nio.file.Path;

/** Captions to tokens. Immutable. */
public sealed interface CaptionTokenizer
        permits BpeTokenizer, CharacterBpeTokenizer, BartTokenizer {

    /**
     * The tokens of a caption, without padding: none for a blank one, at most {@link
     * #contextLength}.
     *
     * @return {@code [tokens]}, each a number of the vocabulary
     * @throws CaptionTooLongException if there are more
     */
    int[] encode(String caption);

    /** The most tokens a caption may have. */
    int contextLength();

    /** Writes it as JSON. */
    void save(Path file) throws IOException;

    /**
     * Reads what {@link #save} wrote, of any kind.
     *
     * @throws InvalidModelException if the file is no tokenizer
     */
    static CaptionTokenizer load(Path file) throws IOException {
        if (BartTokenizer.isOne(file)) {
            return BartTokenizer.load(file);
        }
        return CharacterBpeTokenizer.isOne(file)
                ? CharacterBpeTokenizer.load(file)
                : BpeTokenizer.load(file);
    }
}
