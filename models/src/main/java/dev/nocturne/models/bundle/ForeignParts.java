package dev.nocturne.models.bundle;

import static dev.nocturne.models.bundle.BundleFiles.CLIP;
import static dev.nocturne.models.bundle.BundleFiles.CLIP_TOKENIZER;
import static dev.nocturne.models.bundle.BundleFiles.DVAE;
import static dev.nocturne.models.bundle.BundleFiles.TOKENIZER;
import static dev.nocturne.models.bundle.BundleFiles.TRANSFORMER;
import static dev.nocturne.models.bundle.BundleFiles.UPSCALER;

import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.models.upscaler.RrdbNet;
import java.io.IOException;
import java.util.Map;

/**
 * Puts parts into a bundle that began elsewhere: published weights, and another bundle's that were
 * trained further. What it returns is the bundle with the part, on disk.
 */
public final class ForeignParts {
    private final ModelBundle bundle;
    private final Manifest manifest;
    private final BundleFiles files;

    public ForeignParts(ModelBundle bundle) {
        this.bundle = bundle;
        this.manifest = bundle.manifest();
        this.files = bundle.files();
    }

    /**
     * The bundle with the transformer of another one, trained further: as exact on disk as there,
     * and drawing best as there.
     *
     * @param guided whether it has learned to draw as it did with guidance, and needs none
     */
    public ModelBundle tunedTransformer(
            ModelBundle from, Map<String, Safetensors.Tensor> weights, boolean guided)
            throws IOException {
        files.write(TRANSFORMER, weights, from.files().type(TRANSFORMER));
        Sampling best = from.manifest().sampling();
        return bundle.saved(
                manifest.with(from.manifest().transformer(), guided ? best.withGuidance(1) : best),
                TRANSFORMER);
    }

    /** The bundle with the CLIP of another one, trained further: as exact on disk as there. */
    public ModelBundle tunedClip(ModelBundle from, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        files.write(CLIP, weights, from.files().type(CLIP));
        return bundle.saved(manifest.with(from.manifest().clip().with(null)), CLIP);
    }

    /**
     * The bundle with a dVAE, on disk as float32: rounded weights would choose other tokens now and
     * then.
     *
     * @throws InvalidModelException if the bundle has a transformer that speaks other tokens
     */
    public ModelBundle dvae(DvaeArchitecture architecture, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        manifest.requireSpoken(architecture, bundle.directory());
        files.write(DVAE, weights, StorageType.F32);
        return bundle.saved(manifest.with(architecture), DVAE);
    }

    /** The bundle with a CLIP and its tokenizer, on disk. */
    public ModelBundle clip(ImportedPart<ClipArchitecture> clip, BpeTokenizer tokenizer)
            throws IOException {
        files.write(CLIP, clip.architecture().shapes(), clip);
        files.write(CLIP_TOKENIZER, tokenizer);
        return bundle.saved(manifest.with(clip.architecture()), CLIP, CLIP_TOKENIZER);
    }

    /** The bundle with an upscaler, on disk as float32. */
    public ModelBundle upscaler(RrdbNet network, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        files.write(UPSCALER, weights, StorageType.F32);
        return bundle.saved(manifest.with(network), UPSCALER);
    }

    /**
     * The bundle with a whole DALL-E: transformer, dVAE and tokenizer, on disk. A CLIP that was
     * imported stays.
     *
     * @param imageSize side of its pictures in pixels, which becomes the bundle's
     * @param sampling how it draws best; null if it was not trained to be guided
     * @throws InvalidModelException if the bundle has a CLIP that reads the tokenizer that goes
     */
    public ModelBundle dalle(
            int imageSize,
            ImportedPart<? extends TransformerFamily> transformer,
            Sampling sampling,
            ImportedPart<? extends DvaeFamily> dvae,
            CaptionTokenizer tokenizer)
            throws IOException {
        if (manifest.clip() != null && !manifest.files().containsKey(CLIP_TOKENIZER)) {
            throw new InvalidModelException(
                    "the CLIP at %s reads the tokenizer that would go; give another directory"
                            .formatted(bundle.directory()));
        }
        files.write(TRANSFORMER, transformer.architecture().shapes(), transformer);
        files.write(DVAE, dvae.architecture().shapes(), dvae);
        files.write(TOKENIZER, tokenizer);
        Manifest imported =
                manifest.with(imageSize, dvae.architecture())
                        .with(transformer.architecture(), sampling);
        return bundle.saved(imported, TRANSFORMER, DVAE, TOKENIZER);
    }
}
