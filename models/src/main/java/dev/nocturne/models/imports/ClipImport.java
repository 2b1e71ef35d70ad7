package dev.nocturne.models.imports;

import dev.nocturne.models.bundle.ForeignParts;
import dev.nocturne.models.bundle.ImportedPart;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.format.WeightsFile;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * CLIP with a vision transformer, as openai/CLIP, open_clip and Hugging Face's transformers save
 * it, with its tokenizer. Sizes are read off the tensors. Our names are openai's.
 */
public final class ClipImport {
    private ClipImport() {}

    /**
     * The bundle with this CLIP, on disk as float32.
     *
     * @param place the weights, as {@link WeightsFile} reads them, with their settings beside them
     * @param tokenizerFile merges or {@code tokenizer.json}; null if it lies beside the weights
     * @param activation {@code quick_gelu} or {@code gelu}; null if the files say it
     * @param captions how captions were cleaned that it learned, which no file says; null for
     *     transformers' way if it has their names, and ftfy's if not
     * @throws InvalidModelException if the files are no such CLIP, or leave its activation open
     */
    public static ModelBundle into(
            ModelBundle bundle,
            Path place,
            Path tokenizerFile,
            String activation,
            CaptionCleaning captions)
            throws IOException {
        try (WeightsFile opened = WeightsFile.open(place)) {
            Path file = opened.path();
            if (opened.has("visual.attnpool.positional_embedding")) {
                throw Refusal.of(
                        file,
                        "its image tower is a ResNet",
                        "take a CLIP with a vision transformer, e.g. ViT-B-32.pt");
            }
            Map<String, Weight> weights = ClipNames.ours(opened);
            int width = Weight.size(file, weights, "visual.conv1.weight", 0);
            ClipSettings settings = ClipSettings.of(opened, activation, width);
            ClipArchitecture architecture = architecture(file, weights, settings);
            BpeTokenizer tokenizer =
                    ClipTokenizers.find(
                            file,
                            tokenizerFile,
                            architecture.vocabulary(),
                            architecture.textLength() - 2);
            CaptionCleaning learned = captions;
            if (learned == null) {
                learned =
                        ClipNames.areHuggingFaces(opened)
                                ? CaptionCleaning.TRANSFORMERS
                                : CaptionCleaning.FTFY;
            }
            return new ForeignParts(bundle)
                    .clip(
                            ImportedPart.float32(
                                    architecture.with(learned),
                                    Weight.readEach(file, weights, architecture.shapes())),
                            tokenizer);
        }
    }

    /** The sizes of a CLIP by its tensors, and its heads by its settings. */
    static ClipArchitecture architecture(
            Path file, Map<String, Weight> weights, ClipSettings settings)
            throws InvalidModelException {
        int patch = Weight.size(file, weights, "visual.conv1.weight", 3);
        int patches = Weight.size(file, weights, "visual.positional_embedding", 0) - 1;
        int width = Weight.size(file, weights, "visual.conv1.weight", 0);
        int mlp = Weight.size(file, weights, "visual.transformer.resblocks.0.mlp.c_fc.bias", 0);
        try {
            return new ClipArchitecture(
                    patch * (int) Math.sqrt(patches),
                    patch,
                    Weight.count(weights, "visual.transformer.resblocks.%d.ln_1.weight", 0),
                    width,
                    Weight.count(weights, "transformer.resblocks.%d.ln_1.weight", 0),
                    Weight.size(file, weights, "token_embedding.weight", 1),
                    Weight.size(file, weights, "positional_embedding", 0),
                    Weight.size(file, weights, "token_embedding.weight", 0),
                    Weight.size(file, weights, "text_projection", 1),
                    null,
                    settings.exactGelu(),
                    0,
                    width == 64 * settings.visionHeads() ? 0 : settings.visionHeads(),
                    mlp == 4 * width ? 0 : mlp);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw Refusal.of(
                    file, e.getMessage(), "give a CLIP that its publisher's package wrote");
        }
    }
}
