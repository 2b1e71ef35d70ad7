package dev.nocturne.models.upscaler;

import dev.nocturne.models.program.TorchProgram;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sizes of an upscaler: residual blocks at the size of the picture (EDSR, Lim et al. 2017),
 * then two sub-pixel convolutions (Shi et al. 2016), each to twice the size.
 *
 * @param features channels of the residual blocks; half as many at twice the size
 * @param blocks residual blocks of two convolutions
 */
public record UpscalerArchitecture(int features, int blocks) implements UpscalerFamily {

    public UpscalerArchitecture {
        if (features < 2 || features % 2 != 0) {
            throw new IllegalArgumentException(
                    "features is " + features + "; it must be even, at least 2");
        }
        if (blocks < 1) {
            throw new IllegalArgumentException("blocks is " + blocks + "; it must be at least 1");
        }
    }

    @Override
    public TorchProgram program() {
        return TorchProgram.load("upscaler.py", "enlarging.py", "adamw.py");
    }

    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        UpscalerFamily.conv(shapes, "input", 3, features);
        for (int block = 0; block < blocks; block++) {
            UpscalerFamily.conv(shapes, "body." + block + ".conv_1", features, features);
            UpscalerFamily.conv(shapes, "body." + block + ".conv_2", features, features);
        }
        UpscalerFamily.conv(shapes, "up_1", features, 2 * features);
        UpscalerFamily.conv(shapes, "up_2", features / 2, 3 * FACTOR);
        return shapes;
    }
}
