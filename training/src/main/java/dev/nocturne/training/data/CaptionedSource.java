package dev.nocturne.training.data;

import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import java.util.random.RandomGenerator;

/**
 * Examples with the tokens of their captions; examples whose captions are too long are passed over.
 */
public record CaptionedSource(PictureSource source, CaptionTokenizer tokenizer) {

    /**
     * @param tokens not padded
     */
    public record Captioned(Example example, int[] tokens) {}

    /**
     * The example of a visit, or another one in its place.
     *
     * @param bpeDropout share of merges left out at random, so that rare spellings are learnt, too;
     *     0 with tokenizers that leave none out
     */
    public Captioned at(long visit, double bpeDropout, RandomGenerator random) {
        while (true) {
            Example example = source.example(visit, random);
            try {
                return new Captioned(example, tokens(example.caption(), bpeDropout, random));
            } catch (CaptionTooLongException e) {
                // rare: two long names in one scene
            }
        }
    }

    private int[] tokens(String caption, double bpeDropout, RandomGenerator random) {
        return bpeDropout > 0
                ? ((BpeTokenizer) tokenizer).encode(caption, bpeDropout, random)
                : tokenizer.encode(caption);
    }
}
