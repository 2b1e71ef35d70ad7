package dev.nocturne.models.upscaler;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.nocturne.models.program.TorchProgram;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sizes of an RRDBNet (ESRGAN, Wang et al. 2018, without normalization), under the names of
 * Real-ESRGAN's files, {@code basicsr/archs/rrdbnet_arch.py}.
 *
 * @param features channels between the blocks
 * @param growth channels that each convolution of a dense block adds
 * @param blocks residual blocks of three dense blocks of five convolutions
 */
public record RrdbNet(int features, int growth, int blocks) implements UpscalerFamily {
    static final String FAMILY = "rrdbnet";

    private static final int DENSE_BLOCKS = 3;
    private static final int CONVOLUTIONS = 5;

    public RrdbNet {
        if (features < 1 || growth < 1 || blocks < 1) {
            throw new IllegalArgumentException("no size of an RRDBNet is below 1");
        }
    }

    /** Its name in {@code model.json}. */
    @JsonProperty("family")
    String family() {
        return FAMILY;
    }

    @Override
    public TorchProgram program() {
        return TorchProgram.load("rrdbnet.py", "enlarging.py");
    }

    @Override
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        UpscalerFamily.conv(shapes, "conv_first", 3, features);
        for (int block = 0; block < blocks; block++) {
            for (int dense = 1; dense <= DENSE_BLOCKS; dense++) {
                for (int i = 1; i <= CONVOLUTIONS; i++) {
                    UpscalerFamily.conv(
                            shapes,
                            "body.%d.rdb%d.conv%d".formatted(block, dense, i),
                            features + (i - 1) * growth,
                            i == CONVOLUTIONS ? features : growth);
                }
            }
        }
        UpscalerFamily.conv(shapes, "conv_body", features, features);
        UpscalerFamily.conv(shapes, "conv_up1", features, features);
        UpscalerFamily.conv(shapes, "conv_up2", features, features);
        UpscalerFamily.conv(shapes, "conv_hr", features, features);
        UpscalerFamily.conv(shapes, "conv_last", features, 3);
        return shapes;
    }
}
