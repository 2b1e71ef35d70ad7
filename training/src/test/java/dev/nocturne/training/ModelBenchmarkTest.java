package dev.nocturne.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.models.ClipArchitecture;
import dev.nocturne.models.DvaeArchitecture;
import dev.nocturne.models.Machine;
import dev.nocturne.models.Precision;
import dev.nocturne.models.TransformerArchitecture;
import dev.nocturne.models.TransformerArchitecture.Attention;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelBenchmarkTest {
    private static final ModelBenchmark.Sizes SIZES =
            new ModelBenchmark.Sizes(
                    32,
                    new DvaeArchitecture(16, 3, 1, 32, 8, false),
                    new TransformerArchitecture(2, 64, 600, 12, 32, 8, Attention.SPARSE),
                    new ClipArchitecture(32, 8, 1, 64, 1, 64, 16, 602, 64));

    @Test
    void everyModelIsMeasuredAtEveryBatchAndBelowWhatTheMachineCanDo() throws IOException {
        List<ModelBenchmark.Row> rows = new ArrayList<>();
        Machine machine = ModelBenchmark.run(SIZES, List.of(1, 3), Precision.FLOAT32, 0, rows::add);

        assertThat(rows)
                .extracting(row -> row.work() + " " + row.batch())
                .containsExactly(
                        "transformer draw 1",
                        "transformer draw 3",
                        "dVAE encode 1",
                        "dVAE decode 1",
                        "dVAE encode 3",
                        "dVAE decode 3",
                        "CLIP pictures 1",
                        "CLIP captions 1",
                        "CLIP pictures 3",
                        "dVAE train 3",
                        "CLIP train 3",
                        "transformer train 3");
        assertThat(rows)
                .allSatisfy(
                        row -> {
                            assertThat(row.perSecond()).isPositive();
                            assertThat(row.flopsPerSecond())
                                    .isBetween(1.0, machine.flopsPerSecond());
                            assertThat(row.javaShare()).isBetween(0.0, 1.0);
                        });
        ModelBenchmark.Row drawn = rows.get(1);
        assertThat(drawn.tokensPerSecond() / drawn.perSecond()).isCloseTo(64, within(1e-6));
        assertThat(drawn.millisPerPosition() * drawn.tokensPerSecond())
                .isCloseTo(3000, within(1.0));
    }
}
