package dev.nocturne.training.bench;

import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.models.upscaler.UpscalerFamily;
import dev.nocturne.training.bench.ModelBenchmark.Work;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The sizes of a model's parts, by which it is measured: no weights of its own are needed.
 *
 * @param clip empty if there is none
 * @param upscaler empty if there is none
 */
public record PartSizes(
        int imageSize,
        DvaeFamily dvae,
        TransformerFamily transformer,
        Optional<ClipArchitecture> clip,
        Optional<UpscalerFamily> upscaler) {

    /**
     * What can be measured of these: of a transformer from elsewhere, that it draws; of a dVAE from
     * elsewhere, nothing.
     */
    public Set<Work> measurable() {
        Set<Work> work = EnumSet.of(Work.TRANSFORMER_DRAW);
        if (dvae instanceof DvaeArchitecture) {
            work.addAll(List.of(Work.DVAE_ENCODE, Work.DVAE_DECODE, Work.DVAE_TRAIN));
        }
        if (clip.isPresent()) {
            work.addAll(List.of(Work.CLIP_PICTURES, Work.CLIP_CAPTIONS, Work.CLIP_TRAIN));
        }
        if (dvae instanceof DvaeArchitecture && transformer instanceof TransformerArchitecture) {
            work.add(Work.TRANSFORMER_TRAIN);
        }
        return work;
    }

    /** For what is {@link #measurable} only if the dVAE is one of our own. */
    DvaeArchitecture ownDvae() {
        return (DvaeArchitecture) dvae;
    }
}
