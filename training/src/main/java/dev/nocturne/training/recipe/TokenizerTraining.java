package dev.nocturne.training.recipe;

import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.BpeTrainer;
import dev.nocturne.training.data.CaptionCut;
import dev.nocturne.training.data.PictureSource;
import java.io.PrintStream;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/** Learns the pairs of the tokenizer from the captions of pictures. */
final class TokenizerTraining {
    private static final int CAPTIONS = 30_000;

    private TokenizerTraining() {}

    /**
     * @param vocabulary tokens to learn
     * @param textLength the most tokens of a caption
     */
    static BpeTokenizer run(
            PictureSource source, int vocabulary, int textLength, long seed, PrintStream log) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> captions =
                LongStream.range(0, CAPTIONS)
                        .mapToObj(visit -> source.caption(visit, random))
                        .toList();
        BpeTokenizer tokenizer = BpeTrainer.train(captions, vocabulary, textLength);
        String example = new CaptionCut(tokenizer).cut(captions.get(0));
        log.printf(
                "tokenizer of %,d tokens from %,d captions, e.g. \"%s\" has %d%n",
                tokenizer.vocabularySize(),
                captions.size(),
                example,
                tokenizer.encode(example).length);
        return tokenizer;
    }
}
