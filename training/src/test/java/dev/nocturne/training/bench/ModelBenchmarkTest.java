package dev.nocturne.training.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.dvae.Vqgan;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.transformer.AttentionPattern;
import dev.nocturne.models.transformer.DalleMiniTransformer;
import dev.nocturne.models.transformer.DallePytorchTransformer;
import dev.nocturne.models.transformer.KakaoTransformer;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture.Attention;
import dev.nocturne.models.transformer.TransformerCosts;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.training.bench.ModelBenchmark.Row;
import dev.nocturne.training.bench.ModelBenchmark.TooLarge;
import dev.nocturne.training.bench.ModelBenchmark.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ModelBenchmarkTest {
    private static final ClipArchitecture CLIP =
            new ClipArchitecture(32, 8, 1, 64, 1, 64, 16, 602, 64);
    private static final PartSizes SIZES =
            new PartSizes(
                    32,
                    new DvaeArchitecture(16, 3, 1, 32, 8, false),
                    new TransformerArchitecture(2, 64, 600, 12, 32, 8, Attention.SPARSE),
                    Optional.of(CLIP),
                    Optional.empty());

    private final List<Row> rows = new ArrayList<>();
    private final List<TooLarge> tooLarge = new ArrayList<>();

    private void run(PartSizes sizes, Set<Work> asked) throws InvalidModelException {
        ModelBenchmark.run(
                sizes, asked, List.of(1, 3), Precision.FLOAT32, true, 0, rows::add, tooLarge::add);
    }

    private List<String> measured() {
        return rows.stream().map(row -> row.work() + " " + row.batch()).toList();
    }

    @Test
    void everyModelIsMeasuredAtEveryBatch() throws InvalidModelException {
        run(SIZES, SIZES.measurable());

        assertThat(measured())
                .containsExactly(
                        "transformer draw 1",
                        "transformer draw 3",
                        "dVAE encode 1",
                        "dVAE decode 1",
                        "dVAE encode 3",
                        "dVAE decode 3",
                        "CLIP pictures 1",
                        "CLIP pictures 3",
                        "CLIP captions 1",
                        "dVAE train 3",
                        "CLIP train 3",
                        "transformer train 3");
        assertThat(rows)
                .allSatisfy(
                        row -> {
                            assertThat(row.perSecond()).isPositive();
                            assertThat(row.operations() > 0)
                                    .as("operations of %s", row)
                                    .isEqualTo(row.work() == Work.TRANSFORMER_DRAW);
                            assertThat(row.javaShare()).isBetween(0.0, 1.0);
                        });
        Row drawn = rows.get(1);
        assertThat(drawn.tokensPerSecond() / drawn.perSecond()).isCloseTo(64, within(1e-6));
        assertThat(drawn.millisPerPosition() * drawn.tokensPerSecond())
                .isCloseTo(3000, within(1.0));
        // of one run, however long it took
        assertThat(drawn.flopsPerSecond() / drawn.perSecond())
                .isBetween(64 * 2.0 * (2 * 12 * 64 * 64), 64 * 3.0 * (2 * 12 * 64 * 64));
        Row trained = rows.get(11);
        assertThat(trained.flopsPerSecond() / trained.perSecond())
                .isCloseTo(
                        TransformerCosts.flopsPerTrainingExample(
                                (TransformerArchitecture) SIZES.transformer()),
                        withinPercentage(0.001));
    }

    @Test
    void onlyWhatIsAskedForIsMeasured() throws InvalidModelException {
        run(SIZES, Set.of(Work.DVAE_DECODE, Work.CLIP_CAPTIONS));
        assertThat(measured()).containsExactly("dVAE decode 1", "dVAE decode 3", "CLIP captions 1");
    }

    @Test
    void aRowThatDoesNotFitLosesNoOther() throws InvalidModelException {
        // pictures of one pixel, 2³¹ - 2 bytes in all: one more than an array holds
        int batch = 715_827_882;
        PartSizes sizes =
                new PartSizes(1, SIZES.dvae(), SIZES.transformer(), SIZES.clip(), SIZES.upscaler());
        ModelBenchmark.run(
                sizes,
                Set.of(Work.DVAE_ENCODE, Work.CLIP_CAPTIONS),
                List.of(batch),
                Precision.FLOAT32,
                false,
                0,
                rows::add,
                tooLarge::add);
        assertThat(measured()).containsExactly("CLIP captions 1");
        assertThat(tooLarge)
                .containsExactly(
                        new TooLarge(
                                Work.DVAE_ENCODE, batch, "Requested array size exceeds VM limit"));
    }

    @Test
    void knowsWhenLibtorchLacksMemory() {
        try (NDManager manager = NDManager.newBaseManager()) {
            assertThatThrownBy(() -> manager.zeros(new Shape(1L << 50)))
                    .isInstanceOfSatisfying(
                            EngineException.class,
                            e ->
                                    assertThat(ModelBenchmark.outOfMemory(e))
                                            .hasValueSatisfying(
                                                    line -> assertThat(line).contains("memory")));
        }
        assertThat(ModelBenchmark.outOfMemory(new EngineException("no kernel image"))).isEmpty();
    }

    static Stream<TransformerFamily> fromElsewhere() {
        return Stream.of(
                new KakaoTransformer(2, 64, 128, 0, 12, 32, 4),
                new DalleMiniTransformer(2, 2, 64, 171, 128, 0, 2, 14, 32, 4),
                new DallePytorchTransformer(
                        2,
                        64,
                        2,
                        128,
                        12,
                        32,
                        4,
                        List.of(AttentionPattern.OWN_ROW, AttentionPattern.CORNER),
                        true,
                        true,
                        true,
                        true,
                        false));
    }

    @ParameterizedTest
    @MethodSource("fromElsewhere")
    void aTransformerFromElsewhereDraws(TransformerFamily transformer)
            throws InvalidModelException {
        PartSizes sizes =
                new PartSizes(
                        8,
                        new Vqgan(List.of(32, 64), 1, List.of(1), 8, 32, 16, false, false),
                        transformer,
                        Optional.empty(),
                        Optional.empty());
        assertThat(sizes.measurable()).containsExactly(Work.TRANSFORMER_DRAW);
        run(sizes, sizes.measurable());
        assertThat(measured()).containsExactly("transformer draw 1", "transformer draw 3");
        assertThat(rows).allSatisfy(row -> assertThat(row.bytesPerSecond()).isPositive());
        assertThatThrownBy(() -> run(sizes, Set.of(Work.TRANSFORMER_TRAIN)))
                .hasMessage(
                        "of this model can be measured: transformer draw; for the rest, give one that nocturne train made");
    }
}
