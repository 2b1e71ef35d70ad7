package dev.nocturne.training.data;

import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import java.util.random.RandomGenerator;

/**
 * Examples with the tokens of their captions; examples whose captions are too long are passed over.
 */
public record CaptionedSource(PictureSource source, BpeTokenizer tokenizer) {

    /**
     * @param tokens not padded
     */
    public record Captioned(Example example, int[] tokens) {}

    /**
     * The example of a visit, or another one in its place.
     *
     * @param bpeDropout share of merges left out at random, so that rare spellings are learnt, too
     */
    public Captioned at(long visit, double bpeDropout, RandomGenerator random) {
        while (true) {
            Example example = source.example(visit, random);
            try {
                return new Captioned(
                        example, tokenizer.encode(example.caption(), bpeDropout, random));
            } catch (CaptionTooLongException e) {
                // rare: two long names in one scene
            }
        }
    }
}
