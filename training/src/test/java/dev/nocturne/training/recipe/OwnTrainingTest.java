package dev.nocturne.training.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture.Attention;
import dev.nocturne.training.data.CaptionCut;
import dev.nocturne.training.dataset.OwnData;
import dev.nocturne.training.dataset.OwnPictures;
import dev.nocturne.training.dataset.SampleFiles;
import dev.nocturne.training.dataset.Storage;
import dev.nocturne.training.evaluate.DataEvaluation;
import dev.nocturne.training.evaluate.DataReport;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.loop.TrainingLoop;
import dev.nocturne.training.recipe.OwnPlace.LongCaptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trains tiny models on a folder of twenty tiny pictures, by the commands' own code. */
class OwnTrainingTest {
    private static final DvaeArchitecture DVAE = new DvaeArchitecture(16, 3, 1, 32, 16, true);
    private static final String LONG =
            "a square that is described at such length that no model of this test can read it whole";

    @TempDir Path home;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    private String log() {
        return output.toString(StandardCharsets.UTF_8);
    }

    private Training training(String model, LongCaptions longCaptions) {
        OwnPlace place =
                new OwnPlace(
                        SampleFiles.options(home.resolve("pictures")),
                        new Storage(bucket -> null),
                        longCaptions);
        return new Training(
                home.resolve(model),
                Optional.of(place),
                new PrintStream(output, true, StandardCharsets.UTF_8));
    }

    private static Training.Options options(long steps, int batch, double learningRate) {
        return new Training.Options(steps, batch, 1, learningRate, 0, 1000, 1, 3, false);
    }

    /** A model with a tokenizer and a dVAE, and pictures of which one has a long caption. */
    private Training begun(String model) throws IOException {
        SampleFiles.folder(home.resolve("pictures"), 19);
        SampleFiles.add(
                home.resolve("pictures"),
                "long.webp.png",
                Files.readAllBytes(home.resolve("pictures/picture 3.png")),
                LONG);
        Training training = training(model, LongCaptions.CUT);
        training.tokenizer("own", 16, 560, 16, 0, 1);
        assertThat(training.dvae(DVAE, false, 0.2, options(6, 4, 2e-3))).isTrue();
        return training;
    }

    @Test
    void aFolderBecomesAModelThatGoesOnFromAnother() throws IOException {
        Training training = begun("own");
        assertRehearsed(training);
        assertThat(training.transformer(1, 64, Attention.DENSE, options(4, 8, 2e-3))).isTrue();
        assertThat(training.clip(1, 64, 8, options(2, 8, 2e-3))).isTrue();
        assertThat(log())
                .contains("pictures to learn from")
                .contains("held-out image")
                .contains("held-out PSNR");
        Path transformer = home.resolve("own/training/transformer");
        assertThat(transformer.resolve("losses.jsonl"))
                .content()
                .contains("\"held_out\":{")
                .contains("\"step\":4");
        assertThat(transformer.resolve("tensorboard")).isNotEmptyDirectory();
        ModelBundle own = ModelBundle.open(home.resolve("own"));
        assertThat(own.hasClip()).isTrue();
        assertMeasuredOnItsPictures();

        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(
                        () -> {
                            Training other = training("other", LongCaptions.CUT);
                            other.tokenizer("other", 16, 560, 12, 0, 1);
                            other.transformerFrom(home.resolve("own"), Share.ALL, options(1, 8, 0));
                        })
                .withMessageContaining("the tokenizer at")
                .withMessageContaining("--model");

        // a step at rate 0 changes nothing
        Training tuning = training("tuned", LongCaptions.CUT);
        assertThat(tuning.transformerFrom(home.resolve("own"), Share.ALL, options(1, 8, 0)))
                .isTrue();
        ModelBundle tuned = ModelBundle.open(home.resolve("tuned"));
        assertThat(tuned.dvaeId()).isEqualTo(own.dvaeId());
        assertThat(tuned.transformerWeights()).hasSameSizeAs(own.transformerWeights());
        assertThat(tuned.transformerWeights().get("image_token.weight").data())
                .isEqualTo(own.transformerWeights().get("image_token.weight").data());
        Share heads = new Share(Set.of(LayerKind.HEADS), 0);
        assertThat(tuning.clipFrom(home.resolve("own"), heads, options(1, 8, 1e-2))).isTrue();
        Map<String, Safetensors.Tensor> clip =
                ModelBundle.open(home.resolve("tuned")).clipWeights();
        own.clipWeights()
                .forEach(
                        (name, weight) ->
                                assertThat(Arrays.equals(clip.get(name).data(), weight.data()))
                                        .as(name)
                                        .isEqualTo(LayerKind.of(name) != LayerKind.HEADS));
    }

    private void assertRehearsed(Training training) throws IOException {
        Training.Options all = new Training.Options(4000, 8, 1, 2e-3, 0, 1000, 1, 3, true);
        assertThat(training.transformer(1, 64, Attention.DENSE, all)).isFalse();
        assertThat(log())
                .containsPattern(
                        "transformer: 1[0-9]{2},[0-9]{3} parameters; training holds [0-9]\\.[0-9] GB")
                .contains("4,000 steps of 8 pictures, 0.")
                .containsPattern("s every 1,000: [0-9a-z ]+ on this machine")
                .containsPattern("[0-9]+ pictures, each seen 1,[0-9]{3}\\.[0-9] times")
                .contains("learn them by heart");
        assertThat(home.resolve("own/training/transformer")).doesNotExist();
        assertThat(home.resolve("own/transformer.safetensors")).doesNotExist();
    }

    private void assertMeasuredOnItsPictures() throws IOException {
        Path out = home.resolve("evaluation");
        DataReport report =
                DataEvaluation.run(
                        home.resolve("own"),
                        new DataEvaluation.Settings(
                                SampleFiles.options(home.resolve("pictures"), 0.4),
                                new Storage(bucket -> null),
                                6,
                                Optional.empty()),
                        out,
                        new PrintStream(output, true, StandardCharsets.UTF_8));

        assertThat(report.pictures()).isBetween(2, 6);
        assertThat(report.distances()).hasSize(12); // of three sets, at four blurs
        assertThat(report.distances())
                .allSatisfy(one -> assertThat(one.distance().frechet()).isFinite());
        assertThat(report.table())
                .containsKeys("CLIP score", "Fréchet distance, CLIP features, best of 16");
        assertThat(report.bestOf()).containsKeys(1, 16, 64);
        assertThat(out.resolve("index.html")).content().contains("kernel distance");
        assertThat(out.resolve("samples.png")).isNotEmptyFile();
    }

    @Test
    void aTrainingThatDiedGoesOnWithTheStepsOfOneThatDidNot() throws IOException {
        begun("model");
        Path whole = home.resolve("whole");
        loop(whole, Long.MAX_VALUE).run();

        Path died = home.resolve("died");
        for (long at : new long[] {3, 7, 8}) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> loop(died, at).run())
                    .withMessage("died at step " + at);
        }
        loop(died, Long.MAX_VALUE).run();

        assertThat(Files.readAllLines(died.resolve("losses.jsonl")))
                .isEqualTo(Files.readAllLines(whole.resolve("losses.jsonl")));
        assertThat(died.resolve("weights.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("weights.safetensors"));
        // all that is kept beside the newest
        assertThat(died.resolve("checkpoint-0000011.safetensors")).exists();
        assertThat(died.resolve("checkpoint-0000010.safetensors")).exists();
        assertThat(died.resolve("checkpoint-0000009.safetensors")).doesNotExist();
    }

    /** Twelve steps of the transformer, with a checkpoint after each. */
    private TrainingLoop loop(Path folder, long diesAt) throws IOException {
        ModelBundle bundle = ModelBundle.open(home.resolve("model"));
        BpeTokenizer tokenizer = bundle.trainingTokenizer();
        DiscreteVae vae = bundle.dvae();
        OwnPictures pictures =
                OwnData.open(
                                SampleFiles.options(home.resolve("pictures")),
                                new Storage(bucket -> null),
                                home.resolve("lists"),
                                System.out)
                        .pictures(16, 1, new CaptionCut(tokenizer)::cut)
                        .withTokens(vae, bundle.dvaeId(), System.out);
        Trainee trainee =
                new TransformerTraining(
                        new TransformerArchitecture(
                                1,
                                64,
                                tokenizer.vocabularySize(),
                                tokenizer.contextLength(),
                                vae.vocabulary(),
                                vae.gridSize(),
                                Attention.DENSE),
                        new TransformerTraining.Settings(
                                12, 8, 1, 2e-3, TransformerTraining.SAMPLING, 1, Precision.FLOAT32),
                        Start.ANEW,
                        pictures,
                        tokenizer,
                        vae);
        InvocationHandler mortal =
                (proxy, method, arguments) -> {
                    if (method.getName().equals("hyperparameters") && arguments[0].equals(diesAt)) {
                        throw new IllegalStateException("died at step " + diesAt);
                    }
                    return method.invoke(trainee, arguments);
                };
        return new TrainingLoop(
                (Trainee)
                        Proxy.newProxyInstance(
                                getClass().getClassLoader(),
                                new Class<?>[] {Trainee.class},
                                mortal),
                folder,
                new TrainingLoop.Plan(12, 1000, 1, Duration.ZERO, 3),
                System.out);
    }

    @Test
    void whatIsLearnedByHeartIsSaidInTheLastLine() throws IOException {
        begun("heart").transformer(1, 64, Attention.DENSE, options(150, 16, 6e-3));
        assertThat(log().lines().reduce((first, second) -> second).orElseThrow())
                .startsWith("learned by heart: ")
                .contains("held out")
                .contains("more pictures or fewer steps");
    }

    @Test
    void aTrainingThatGoesAstrayStopsWithoutSavingAndSaysWhatToTry() throws IOException {
        Training training = begun("astray");
        assertThatIOException()
                .isThrownBy(() -> training.transformer(1, 64, Attention.DENSE, options(100, 8, 30)))
                .withMessageContaining("training has gone astray")
                .withMessageContaining("nothing is saved yet")
                .withMessageContaining("halve --learning-rate");
        assertThat(home.resolve("astray/training/transformer/checkpoint.safetensors"))
                .doesNotExist();
    }

    @Test
    void captionsThatAreTooLongCanBeRefusedAndBatchesOfClipFit() throws IOException {
        begun("short");
        assertThatIOException()
                .isThrownBy(
                        () ->
                                training("short", LongCaptions.REFUSE)
                                        .transformer(1, 64, Attention.DENSE, options(1, 8, 1e-3)))
                .withMessageContaining(LONG)
                .withMessageContaining("--long-captions CUT");
        assertThatIOException()
                .isThrownBy(
                        () ->
                                training("short", LongCaptions.CUT)
                                        .clip(1, 64, 8, options(1, 64, 1e-3)))
                .withMessageContaining("--batch is 64");
    }

    @Test
    void partsOfABatchGiveTheGradientsOfTheWhole() throws IOException {
        begun("parts");
        training("parts", LongCaptions.CUT)
                .transformer(
                        1,
                        64,
                        Attention.DENSE,
                        new Training.Options(1, 8, 3, 1e-3, 0, 1000, 1, 1, false));
        double inParts = loss("parts");
        Path transformer = home.resolve("parts/training/transformer");
        Files.delete(transformer.resolve("checkpoint.safetensors"));
        training("parts", LongCaptions.CUT)
                .transformer(1, 64, Attention.DENSE, options(1, 8, 1e-3));
        // dropout differs, the loss hardly
        assertThat(inParts).isCloseTo(loss("parts"), within(0.02));
    }

    private double loss(String model) throws IOException {
        String line =
                Files.readAllLines(home.resolve(model + "/training/transformer/losses.jsonl"))
                        .get(0);
        return Double.parseDouble(line.replaceFirst(".*\"image\":([0-9.]+).*", "$1"));
    }
}
