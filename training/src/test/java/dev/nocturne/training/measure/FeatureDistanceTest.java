package dev.nocturne.training.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Goldens are made by src/test/python/distance_goldens.py: pytorch-fid's and clean-fid's. */
class FeatureDistanceTest {

    @Test
    void distancesAreThoseOfTheUsualPackages() throws Exception {
        String[] goldens;
        try (InputStream in = getClass().getResourceAsStream("/distances.tsv")) {
            goldens = new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n");
        }
        assertThat(goldens).hasSize(3);
        for (String golden : goldens) {
            String[] cells = golden.split("\t");
            int features = Integer.parseInt(cells[2]);
            FeatureDistance found =
                    FeatureDistance.of(
                            features(Integer.parseInt(cells[0]), features, 0.1),
                            features(Integer.parseInt(cells[1]), features, 0.5));
            assertThat(found.frechet())
                    .as(golden)
                    .isCloseTo(Double.parseDouble(cells[3]), withinPercentage(0.01));
            if (!cells[4].equals("-")) {
                assertThat(found.kernel())
                        .as(golden)
                        .isCloseTo(Double.parseDouble(cells[4]), offset(1e-5));
            }
        }
    }

    @Test
    void equalsHaveNoDistance() {
        float[][] some = features(20, 30, 0.1);
        assertThat(FeatureDistance.of(some, some).frechet()).isCloseTo(0, offset(1e-9));
    }

    @Test
    void oneIsNoSet() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FeatureDistance.of(features(1, 3, 0.1), features(2, 3, 0.1)))
                .withMessageContaining("at least two pictures");
    }

    private static float[][] features(int rows, int columns, double phase) {
        float[][] features = new float[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                features[i][j] =
                        (float)
                                (Math.sin(0.7 * i * (j + 1) + phase)
                                        + 0.3 * Math.cos(1.3 * i + j * phase));
            }
        }
        return features;
    }
}
