package dev.nocturne.training.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture.Attention;
import dev.nocturne.training.data.CaptionCut;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.dataset.OwnData;
import dev.nocturne.training.dataset.OwnPictures;
import dev.nocturne.training.dataset.SampleFiles;
import dev.nocturne.training.dataset.Storage;
import dev.nocturne.training.recipe.OwnPlace.LongCaptions;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TeacherTest {
    private static final DvaeArchitecture DVAE = new DvaeArchitecture(16, 3, 1, 32, 16, true);
    private static final double GUIDANCE = 3;

    @TempDir Path home;

    @Test
    void whatHasLearnedFromAGuidedTransformerDrawsSoFromACaptionAlone() throws IOException {
        ModelBundle own = own(options(120, 6e-3));

        assertThat(
                        training("unguided")
                                .transformerFrom(
                                        own.directory(), Share.ALL, GUIDANCE, options(100, 3e-3)))
                .isTrue();
        ModelBundle unguided = ModelBundle.open(home.resolve("unguided"));
        assertThat(unguided.bestSampling()).isEqualTo(own.bestSampling().withGuidance(1));
        assertThat(unguided.canBeGuided()).isTrue();
        double before = distance(own, own);
        assertThat(before).as("guidance matters").isGreaterThan(0.05);
        assertThat(distance(own, unguided)).isLessThan(before / 2);
    }

    @Test
    void whoWasNotTrainedToBeGuidedTeachesNothing() throws IOException {
        ModelBundle own = own(options(1, 1e-3));
        ModelBundle never =
                ModelBundle.begin(home.resolve("never"), "never", own)
                        .with(
                                (TransformerArchitecture) own.transformerArchitecture(),
                                null,
                                own.transformerWeights());
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(
                        () ->
                                training("unguided")
                                        .transformerFrom(
                                                never.directory(),
                                                Share.ALL,
                                                GUIDANCE,
                                                options(1, 1e-3)))
                .withMessageContaining("was not trained to be guided: leave it out");
    }

    private ModelBundle own(Training.Options transformer) throws IOException {
        SampleFiles.folder(home.resolve("pictures"), 20);
        Training training = training("own");
        training.tokenizer("own", 16, 560, 16, 0, 1);
        training.dvae(DVAE, false, 0.2, options(6, 2e-3));
        training.transformer(1, 64, Attention.DENSE, transformer);
        return ModelBundle.open(home.resolve("own"));
    }

    private Training training(String model) {
        OwnPlace place =
                new OwnPlace(
                        SampleFiles.options(home.resolve("pictures")),
                        new Storage(bucket -> null),
                        LongCaptions.CUT);
        return new Training(
                home.resolve(model),
                Optional.of(place),
                new PrintStream(OutputStream.nullOutputStream()));
    }

    private static Training.Options options(long steps, double learningRate) {
        return new Training.Options(steps, 8, 1, learningRate, 0, 1000, 1, 1, false);
    }

    /**
     * Between what the teacher draws from with guidance and what the pupil draws from without: the
     * mean total variation over all tokens of some pictures.
     */
    private double distance(ModelBundle teacher, ModelBundle pupil) throws IOException {
        double sum = 0;
        int count = 0;
        try (DiscreteVae vae = teacher.dvae();
                OwnPictures pictures =
                        OwnData.open(
                                        SampleFiles.options(home.resolve("pictures")),
                                        new Storage(bucket -> null),
                                        home.resolve("lists"),
                                        System.out)
                                .pictures(16, 1, new CaptionCut(teacher.tokenizer())::cut);
                GridGenerator guided = teacher.generator(1);
                GridGenerator unguided = pupil.generator(1)) {
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < 8; i++) {
                Example example = pictures.example(i, random);
                long[] image =
                        Arrays.stream(vae.encode(example.rgb(), 1).get(0).tokens())
                                .asLongStream()
                                .toArray();
                int[] text = teacher.tokenizer().encode(example.caption());
                float[] with = logits(guided, text, image);
                float[] without = logits(guided, new int[0], image);
                float[] pushed = new float[with.length];
                for (int j = 0; j < with.length; j++) {
                    pushed[j] = (float) (without[j] + GUIDANCE * (with[j] - without[j]));
                }
                double temperature = teacher.bestSampling().temperature();
                int codes = with.length / image.length;
                float[] own = logits(unguided, text, image);
                for (int t = 0; t < image.length; t++) {
                    double[] wanted = probabilities(pushed, t * codes, codes, temperature);
                    double[] drawn = probabilities(own, t * codes, codes, temperature);
                    for (int code = 0; code < codes; code++) {
                        sum += Math.abs(wanted[code] - drawn[code]) / 2;
                    }
                    count++;
                }
            }
        }
        return sum / count;
    }

    private static float[] logits(GridGenerator generator, int[] text, long[] image) {
        return generator.logits(List.of(new Candidate(text, 0, Sampling.PLAIN, new int[0])), image);
    }

    private static double[] probabilities(float[] logits, int from, int count, double temperature) {
        double[] weights = new double[count];
        for (int i = 0; i < count; i++) {
            weights[i] = Math.exp(logits[from + i] / temperature);
        }
        double total = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(weight -> weight / total).toArray();
    }
}
