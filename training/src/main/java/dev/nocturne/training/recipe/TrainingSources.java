package dev.nocturne.training.recipe;

import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.training.data.ArtData;
import dev.nocturne.training.data.CaptionCut;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.PictureSource;
import dev.nocturne.training.dataset.OwnData;
import dev.nocturne.training.dataset.OwnPictures;
import dev.nocturne.training.recipe.OwnPlace.LongCaptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Where the parts of a model learn from: the emoji art, or people's own pictures. */
final class TrainingSources {
    private final Path folder;
    private final Optional<OwnPlace> own;
    private final PrintStream log;

    /**
     * The pictures that a part learns from.
     *
     * @param factor how many times as large as {@code imageSize} they are
     * @param sceneShare the share of two-object scenes among those of the art
     * @param training where drawings of the art stand
     * @param heldOut where held-out ones stand
     */
    record Wanted(
            int imageSize,
            int factor,
            double sceneShare,
            long seed,
            Placement training,
            Placement heldOut) {

        /** Drawings may stand anywhere. */
        static Wanted loose(int imageSize, double sceneShare, long seed) {
            return new Wanted(imageSize, 1, sceneShare, seed, Placement.LOOSE, Placement.LOOSE);
        }

        /** The same, so many times as large. */
        Wanted times(int other) {
            return new Wanted(imageSize, other, sceneShare, seed, training, heldOut);
        }
    }

    /** Computes what of people's own pictures is computed once. */
    interface Preparation {
        OwnPictures of(OwnPictures pictures) throws IOException;
    }

    /**
     * @param folder for what is computed once
     * @param own empty: the emoji art
     */
    TrainingSources(Path folder, Optional<OwnPlace> own, PrintStream log) {
        this.folder = folder;
        this.own = own;
        this.log = log;
    }

    /**
     * Opens what a part learns from; the caller closes it.
     *
     * @param reader of the captions; empty if they may have any length
     */
    PictureSource open(Wanted wanted, Optional<CaptionTokenizer> reader, Preparation preparation)
            throws IOException {
        if (own.isEmpty()) {
            return ArtData.load(folder.resolve("art"), wanted.imageSize)
                    .enlarged(wanted.factor)
                    .source(wanted.sceneShare, wanted.training, wanted.heldOut);
        }
        OwnPlace place = own.get();
        OwnData data = OwnData.open(place.data(), place.storage(), folder.resolve("data"), log);
        Optional<CaptionCut> cut = reader.map(CaptionCut::new);
        if (cut.isPresent() && place.longCaptions() == LongCaptions.REFUSE) {
            requireFitting(data, cut.get());
        }
        UnaryOperator<String> fitted =
                cut.<UnaryOperator<String>>map(longest -> longest::cut)
                        .orElse(UnaryOperator.identity());
        return preparation.of(data.pictures(wanted.imageSize * wanted.factor, wanted.seed, fitted));
    }

    private static void requireFitting(OwnData data, CaptionCut cut) throws IOException {
        Optional<String> tooLong = data.anyCaption(caption -> !cut.fits(caption));
        if (tooLong.isPresent()) {
            throw new IOException(
                    "the caption \"%s\" has more than the %d tokens that the model reads: give --long-captions CUT, or begin a model with a larger --text-length"
                            .formatted(tooLong.get(), cut.tokenizer().contextLength()));
        }
    }
}
