package dev.nocturne.standalone.model;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.training.bench.PartSizes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Parameters;

/** A model of which only the sizes matter: a directory with a model.json, or the paper's. */
final class ModelSizes {
    /** The name that stands for the models of the paper and of CLIP. */
    private static final String PAPER = "paper";

    private static final int PAPER_IMAGE_SIZE = 256;

    @Parameters(
            paramLabel = "MODEL",
            defaultValue = "${sys:nocturne.home:-.}/model-zoo/default",
            description = {
                "Directory of a model, of which only model.json is read,",
                "or \"paper\": the published models (default: model-zoo/default)."
            })
    private String model;

    PartSizes sizes() throws IOException {
        if (model.equals(PAPER)) {
            return new PartSizes(
                    PAPER_IMAGE_SIZE,
                    DvaeArchitecture.PUBLISHED,
                    TransformerArchitecture.PUBLISHED,
                    Optional.of(ClipArchitecture.VIT_B_32),
                    Optional.empty());
        }
        ModelBundle bundle = ModelBundle.open(Path.of(model));
        return new PartSizes(
                bundle.imageSize(),
                bundle.dvaeArchitecture(),
                bundle.transformerArchitecture(),
                bundle.hasClip() ? Optional.of(bundle.clipArchitecture()) : Optional.empty(),
                bundle.upscalerArchitecture());
    }

    String name() throws IOException {
        return model.equals(PAPER) ? PAPER : ModelBundle.open(Path.of(model)).id();
    }
}
