package dev.nocturne.training.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.imports.DalleMiniImport;
import dev.nocturne.models.imports.DallePytorchImport;
import dev.nocturne.models.imports.KakaoImport;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.training.data.CaptionCut;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.dataset.OwnData;
import dev.nocturne.training.dataset.OwnPictures;
import dev.nocturne.training.dataset.SampleFiles;
import dev.nocturne.training.dataset.Storage;
import dev.nocturne.training.recipe.OwnPlace.LongCaptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trains the small models of the imports' goldens further, on twenty small pictures. */
class ImportedTrainingTest {
    private static final Path PUBLISHED = Path.of("../models/src/test/resources/imports");
    private static final double HELD_OUT = 0.3;

    /** Of bfloat16, in which a machine may compute. */
    private static final double ROUNDING = 0.02;

    @TempDir Path home;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    @BeforeEach
    void setUp() throws IOException {
        SampleFiles.folder(home.resolve("pictures"), 20);
    }

    /** A model that was imported to {@code home/imported}. */
    private ModelBundle imported(String family) throws IOException {
        ModelBundle begun = ModelBundle.create(home.resolve("imported"), "tiny", 256);
        if (family.equals("kakao")) {
            Path published =
                    published(
                            "kakao/config.yaml",
                            "kakao/stage1_last.ckpt.gz",
                            "kakao/stage2_last.ckpt.gz",
                            "kakao/tokenizer/bpe-16k-vocab.json",
                            "kakao/tokenizer/bpe-16k-merges.txt");
            return KakaoImport.folder(begun, published.resolve("kakao"));
        }
        if (family.equals("dalle-mini")) {
            return mini(begun, "vqgan/flax_model.msgpack.gz");
        }
        Path published = published("dalle_pytorch/" + family + ".pt.gz", "clip/bpe.txt.gz");
        return DallePytorchImport.checkpoint(
                begun,
                published.resolve("dalle_pytorch/" + family + ".pt"),
                published.resolve("clip/bpe.txt"));
    }

    private ModelBundle mini(ModelBundle begun, String vqgan) throws IOException {
        Path published =
                published(
                        "dalle_mini/mini/encoder.pt.gz",
                        "dalle_mini/mini/decoder.pt.gz",
                        "dalle_mini/mini/vocab.json",
                        "dalle_mini/mini/merges.txt",
                        "dalle_mini/" + vqgan);
        Path codes = published.resolve("dalle_mini/vqgan");
        return DalleMiniImport.folder(
                begun,
                published.resolve("dalle_mini/mini"),
                vqgan.contains("flax") ? codes : codes.resolve("detoker.pt"),
                OptionalInt.empty());
    }

    private Path published(String... files) throws IOException {
        Path folder = home.resolve("published");
        for (String file : files) {
            Path plain = folder.resolve(file.replace(".gz", ""));
            Files.createDirectories(plain.getParent());
            try (InputStream bytes = Files.newInputStream(PUBLISHED.resolve(file));
                    InputStream in = file.endsWith(".gz") ? new GZIPInputStream(bytes) : bytes) {
                Files.copy(in, plain);
            }
        }
        return folder;
    }

    private Training training(String model) {
        OwnPlace place =
                new OwnPlace(
                        SampleFiles.options(home.resolve("pictures"), HELD_OUT),
                        new Storage(bucket -> null),
                        LongCaptions.CUT);
        return new Training(
                home.resolve(model),
                Optional.of(place),
                new PrintStream(output, true, StandardCharsets.UTF_8));
    }

    private static Training.Options options(long steps, double learningRate) {
        return new Training.Options(steps, 8, 1, learningRate, 0, 1000, 1, 1, false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"kakao", "sparse", "positions", "dalle-mini"})
    void whatIsLearnedBeginsAtTheImportedModelsLoss(String family) throws IOException {
        ModelBundle imported = imported(family);
        // at rate 0 a step changes nothing: what is measured after it is the imported model
        assertThat(training("same").transformerFrom(imported.directory(), Share.ALL, options(1, 0)))
                .isTrue();
        assertThat(heldOutLoss("same")).isCloseTo(ownLoss(imported), within(ROUNDING));
        ModelBundle same = ModelBundle.open(home.resolve("same"));
        assertSameWeights(same.transformerWeights(), imported.transformerWeights());
        assertThat(same.transformerArchitecture()).isEqualTo(imported.transformerArchitecture());
        assertThat(Files.size(home.resolve("same/transformer.safetensors")))
                .isCloseTo(
                        Files.size(imported.directory().resolve("transformer.safetensors")),
                        within(2000L));

        assertThat(
                        training("tuned")
                                .transformerFrom(
                                        imported.directory(), Share.ALL, options(30, 3e-3)))
                .isTrue();
        assertThat(losses("tuned").get(0)).isCloseTo(losses("same").get(0), within(ROUNDING));
        assertThat(losses("tuned").get(29)).isLessThan(losses("tuned").get(0) - 0.3);
        ModelBundle tuned = ModelBundle.open(home.resolve("tuned"));
        assertThat(tuned.dvaeId()).isEqualTo(imported.dvaeId());
        assertThat(tuned.bestSampling()).isEqualTo(imported.bestSampling());
        assertDraws(tuned);
    }

    /** Of the held-out pictures, by the decoder that draws. */
    private double ownLoss(ModelBundle bundle) throws IOException {
        int codes = bundle.transformerArchitecture().imageVocabulary();
        double sum = 0;
        int count = 0;
        try (DiscreteVae vae = bundle.dvae();
                OwnPictures pictures =
                        OwnData.open(
                                        SampleFiles.options(home.resolve("pictures"), HELD_OUT),
                                        new Storage(bucket -> null),
                                        home.resolve("lists"),
                                        System.out)
                                .pictures(
                                        bundle.imageSize(),
                                        1,
                                        new CaptionCut(bundle.tokenizer())::cut);
                GridGenerator generator = bundle.generator(1)) {
            List<Example> heldOut = pictures.heldOut(100);
            assertThat(heldOut).hasSizeBetween(2, 18);
            for (Example example : heldOut) {
                int[] text = bundle.tokenizer().encode(example.caption());
                int[] image = vae.encode(example.rgb(), 1).get(0).tokens();
                float[] logits =
                        generator.logits(
                                List.of(new Candidate(text, 0, Sampling.PLAIN, new int[0])),
                                Arrays.stream(image).asLongStream().toArray());
                for (int t = 0; t < image.length; t++) {
                    double total = 0;
                    for (int code = 0; code < codes; code++) {
                        total += Math.exp(logits[t * codes + code]);
                    }
                    sum += Math.log(total) - logits[t * codes + image[t]];
                    count++;
                }
            }
        }
        return sum / count;
    }

    private static void assertSameWeights(
            Map<String, Tensor> actual, Map<String, Tensor> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        expected.forEach(
                (name, weight) ->
                        assertThat(actual.get(name).data()).as(name).isEqualTo(weight.data()));
    }

    private static void assertDraws(ModelBundle bundle) throws IOException {
        try (GridGenerator generator = bundle.generator(1);
                DiscreteVae vae = bundle.dvae()) {
            Candidate candidate =
                    new Candidate(
                            bundle.tokenizer().encode("a"),
                            7,
                            bundle.sampling(null, 0, 1, null),
                            new int[0]);
            assertThat(
                            vae.decode(
                                            List.of(
                                                    generator
                                                            .draw(List.of(candidate), () -> true)
                                                            .get(0)
                                                            .grid()))
                                    .get(0)
                                    .getWidth())
                    .isEqualTo(bundle.imageSize());
        }
    }

    /** Of image tokens, in each step. */
    private List<Double> losses(String model) throws IOException {
        return metrics(model, "/image");
    }

    private double heldOutLoss(String model) throws IOException {
        return metrics(model, "/held_out/image").get(0);
    }

    private List<Double> metrics(String model, String pointer) throws IOException {
        JsonMapper json = JsonMapper.builder().build();
        Path lines = home.resolve(model + "/training/transformer/losses.jsonl");
        return Files.readAllLines(lines).stream()
                .map(
                        line -> {
                            try {
                                return json.readTree(line).at(pointer);
                            } catch (IOException e) {
                                throw new AssertionError(line, e);
                            }
                        })
                .filter(value -> !value.isMissingNode())
                .map(value -> value.asDouble())
                .toList();
    }

    @Test
    void anglesOfPositionsAreNotTrained() throws IOException {
        ModelBundle imported = imported("sparse");
        training("tuned").transformerFrom(imported.directory(), Share.ALL, options(2, 1e-2));
        Map<String, Tensor> before = imported.transformerWeights();
        Map<String, Tensor> after = ModelBundle.open(home.resolve("tuned")).transformerWeights();
        for (String angles : List.of("text_rotation", "image_rotation")) {
            assertThat(after.get(angles).data()).isEqualTo(before.get(angles).data());
        }
        assertThat(after.get("text_emb.weight").data())
                .isNotEqualTo(before.get("text_emb.weight").data());
    }

    @Test
    void aModelWhoseCodesCannotBeReadOffPicturesIsRefused() throws IOException {
        ModelBundle begun = ModelBundle.create(home.resolve("imported"), "tiny", 256);
        ModelBundle imported = mini(begun, "vqgan/detoker.pt.gz");
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(
                        () ->
                                training("t")
                                        .transformerFrom(
                                                imported.directory(), Share.ALL, options(1, 0)))
                .withMessageContaining("has no encoder")
                .withMessageContaining("--vqgan")
                .withMessageNotContaining("\n");
        assertThat(home.resolve("t")).doesNotExist();
    }

    @Test
    void layersThatAreNotTrainedStayToTheBitAndNeedNoMoments() throws IOException {
        ModelBundle imported = imported("kakao");
        Share attention = new Share(Set.of(LayerKind.ATTENTION), 0);
        training("tuned").transformerFrom(imported.directory(), attention, options(3, 1e-2));
        Map<String, Tensor> after = ModelBundle.open(home.resolve("tuned")).transformerWeights();
        imported.transformerWeights()
                .forEach(
                        (name, weight) ->
                                assertThat(Arrays.equals(after.get(name).data(), weight.data()))
                                        .as(name)
                                        .isEqualTo(!name.contains(".attn.")));
        assertThat(trained("tuned")).hasSize(8).allMatch(name -> name.contains(".attn."));

        assertThatIOException()
                .isThrownBy(
                        () ->
                                training("tuned")
                                        .transformerFrom(
                                                imported.directory(), Share.ALL, options(5, 1e-2)))
                .withMessageContaining("checkpoint.safetensors is of a training of other sizes")
                .withMessageContaining("give the options that it began with");
    }

    @Test
    void adaptersAreAddedToTheirMatricesAtTheEnd() throws IOException {
        ModelBundle imported = imported("sparse");
        Map<String, Tensor> before = imported.transformerWeights();
        Share adapters = new Share(Set.of(), 4);
        training("same").transformerFrom(imported.directory(), adapters, options(1, 0));
        assertSameWeights(ModelBundle.open(home.resolve("same")).transformerWeights(), before);

        training("tuned").transformerFrom(imported.directory(), adapters, options(30, 1e-2));
        Map<String, Tensor> after = ModelBundle.open(home.resolve("tuned")).transformerWeights();
        before.forEach(
                (name, weight) ->
                        assertThat(Arrays.equals(after.get(name).data(), weight.data()))
                                .as(name)
                                .isEqualTo(
                                        !name.matches(
                                                ".*(to_qkv|to_out|proj_in|proj_out)\\.weight")));
        assertThat(losses("tuned").get(29)).isLessThan(losses("tuned").get(0) - 0.1);
        assertThat(trained("tuned")).allMatch(name -> name.contains(".adapter_"));
        assertDraws(ModelBundle.open(home.resolve("tuned")));
    }

    @Test
    void adaptersNeedMatricesAndThePlanCountsWhatIsTrained() throws IOException {
        ModelBundle imported = imported("kakao");
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(
                        () ->
                                training("t")
                                        .transformerFrom(
                                                imported.directory(),
                                                new Share(Set.of(LayerKind.NORMS), 2),
                                                options(1, 0)))
                .withMessageContaining("--only NORMS names no matrices");
        Training.Options plan = new Training.Options(9, 4, 1, 1e-3, 0, 1000, 1, 1, true);
        training("t")
                .transformerFrom(
                        imported.directory(), new Share(Set.of(LayerKind.ATTENTION), 2), plan);
        // two layers of two matrices: 128 to 384, and 128 to 128
        assertThat(output.toString(StandardCharsets.UTF_8))
                .contains(
                        " parameters, of which %,d are trained"
                                .formatted(2 * 2 * (128 + 384 + 128 + 128)));
    }

    /** The weights of the last checkpoint that have moments. */
    private List<String> trained(String model) throws IOException {
        Path checkpoint = home.resolve(model + "/training/transformer/checkpoint.safetensors");
        return Safetensors.readAll(checkpoint).keySet().stream()
                .filter(name -> name.startsWith("m."))
                .toList();
    }
}
