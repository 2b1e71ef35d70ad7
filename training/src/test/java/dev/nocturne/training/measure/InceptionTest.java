package dev.nocturne.training.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/** The golden is made by src/test/python/distance_goldens.py: pytorch-fid's. */
class InceptionTest {
    private static final int SIZE = 40;

    @Test
    void featuresAreThoseOfPytorchFid() throws Exception {
        try (Inception inception = new Inception(weights())) {
            float[][] found = inception.features(List.of(picture(0), picture(1)));

            String[] golden = text("/inception-features.txt").split("\n");
            for (int picture = 0; picture < 2; picture++) {
                double[] expected =
                        Arrays.stream(golden[picture].split(" "))
                                .mapToDouble(Double::parseDouble)
                                .toArray();
                double largest = DoubleStream.of(expected).max().orElseThrow();
                for (int i = 0; i < expected.length; i++) {
                    assertThat((double) found[picture][32 * i])
                            .as("feature %d of picture %d", 32 * i, picture)
                            .isCloseTo(expected[i], offset(1e-4 * largest));
                }
            }
            assertThat(golden[0]).isNotEqualTo(golden[1]);
        }
    }

    private static Map<String, Safetensors.Tensor> weights() throws IOException {
        Map<String, Safetensors.Tensor> weights = new LinkedHashMap<>();
        for (String line : text("/inception-shapes.tsv").split("\n")) {
            String[] cells = line.split("\t");
            long[] shape = Arrays.stream(cells[1].split(",")).mapToLong(Long::parseLong).toArray();
            int size = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
            float[] values = new float[size];
            boolean isKernel = cells[0].endsWith("conv.weight");
            double scale = isKernel ? Math.sqrt(6.0 * shape[0] / size) : 0.1;
            double mean = cells[0].matches(".*(bn.weight|running_var)") ? 1 : 0;
            for (int i = 0; i < size; i++) {
                double wide = Math.sin(12.9898 * i + 78.233 * weights.size()) * 43758.5453;
                values[i] = (float) (mean + scale * (2 * (wide - Math.floor(wide)) - 1));
            }
            weights.put(cells[0], new Safetensors.Tensor(shape, values));
        }
        return weights;
    }

    private static BufferedImage picture(int number) {
        byte[] planes = new byte[3 * SIZE * SIZE];
        for (int i = 0; i < planes.length; i++) {
            int x = i % SIZE;
            int y = i / SIZE % SIZE;
            int plane = i / SIZE / SIZE;
            planes[i] = (byte) (x * (number + 2) + y * (plane + 1) * 3);
        }
        return Pixels.picture(planes, SIZE);
    }

    private static String text(String resource) throws IOException {
        try (InputStream in = InceptionTest.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
