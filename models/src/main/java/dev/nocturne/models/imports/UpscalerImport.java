package dev.nocturne.models.imports;

import dev.nocturne.models.bundle.ForeignParts;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.format.WeightsFile;
import dev.nocturne.models.upscaler.RrdbNet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A super-resolution network to four times the size, as Real-ESRGAN publishes them. */
public final class UpscalerImport {
    private static final String FIRST = "conv_first.weight";

    private static final int COLOURS = 3;

    private UpscalerImport() {}

    /**
     * The bundle with this upscaler, on disk as float32; its sizes are those of the tensors.
     *
     * @param place e.g. {@code RealESRGAN_x4plus.pth}
     * @throws InvalidModelException if it is no RRDBNet to four times the size
     */
    public static ModelBundle rrdbNet(ModelBundle bundle, Path place) throws IOException {
        try (WeightsFile file = WeightsFile.open(place)) {
            if (!file.has(FIRST)) {
                throw refused(place, "it is no RRDBNet of Real-ESRGAN's");
            }
            Map<String, Weight> weights = file.around(FIRST);
            if (Weight.size(place, weights, FIRST, 1) != COLOURS) {
                throw refused(place, "it does not enlarge to four times the size");
            }
            RrdbNet network =
                    new RrdbNet(
                            Weight.size(place, weights, FIRST, 0),
                            Weight.size(place, weights, "body.0.rdb1.conv1.weight", 0),
                            Weight.count(weights, "body.%d.rdb1.conv1.weight", 0));
            return new ForeignParts(bundle)
                    .upscaler(network, Weight.readAll(place, weights, network.shapes()));
        }
    }

    private static InvalidModelException refused(Path place, String why) {
        return Refusal.of(
                place,
                why,
                "give RealESRGAN_x4plus.pth, RealESRGAN_x4plus_anime_6B.pth or their like");
    }
}
