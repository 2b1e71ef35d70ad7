package dev.nocturne.models.imports;

import dev.nocturne.models.bundle.ForeignParts;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.format.WeightsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The discrete VAE that openai/DALL-E publishes as {@code encoder.pkl} and {@code decoder.pkl}:
 * whole modules, or their state dictionaries. Our names are theirs, with the half before them.
 */
public final class DvaeImport {
    /** The first layer of either half. */
    private static final String INPUT = "blocks.input.w";

    private DvaeImport() {}

    /**
     * The bundle with this dVAE, on disk as float32; its sizes are those of the tensors.
     *
     * @throws InvalidModelException if the files are not the two halves of a dVAE, or are one that
     *     the bundle's transformer does not speak
     */
    public static ModelBundle openAi(ModelBundle bundle, Path encoder, Path decoder)
            throws IOException {
        try (WeightsFile encoderFile = WeightsFile.open(encoder);
                WeightsFile decoderFile = WeightsFile.open(decoder)) {
            Map<String, Weight> weights = new LinkedHashMap<>();
            encoderFile
                    .around(INPUT)
                    .forEach((name, weight) -> weights.put("encoder." + name, weight));
            decoderFile
                    .around(INPUT)
                    .forEach((name, weight) -> weights.put("decoder." + name, weight));
            DvaeArchitecture architecture = architecture(encoder, decoder, weights);
            return new ForeignParts(bundle)
                    .dvae(architecture, Weight.readAll(encoder, weights, architecture.shapes()));
        }
    }

    /**
     * The sizes of a dVAE by its tensors.
     *
     * @param encoder the file to name where one of the encoder is wrong
     * @param weights with {@code encoder.} and {@code decoder.} before their names
     */
    static DvaeArchitecture architecture(Path encoder, Path decoder, Map<String, Weight> weights)
            throws InvalidModelException {
        try {
            return new DvaeArchitecture(
                    Weight.size(encoder, weights, "encoder.blocks.input.w", 0),
                    Weight.count(weights, "encoder.blocks.group_%d.block_1.res_path.conv_1.w", 1),
                    Weight.count(weights, "encoder.blocks.group_1.block_%d.res_path.conv_1.w", 1),
                    Weight.size(encoder, weights, "encoder.blocks.output.conv.w", 0),
                    Weight.size(decoder, weights, "decoder.blocks.input.w", 0),
                    false);
        } catch (IllegalArgumentException e) {
            throw Refusal.of(encoder, e.getMessage(), "give a dVAE of openai/DALL-E");
        }
    }
}
