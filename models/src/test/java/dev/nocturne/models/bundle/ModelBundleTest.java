package dev.nocturne.models.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.models.RandomModels;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.transformer.AttentionPattern;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.DallePytorchTransformer;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelBundleTest {
    @TempDir Path directory;

    private ModelBundle complete() throws IOException {
        return ModelBundle.create(directory, "tiny", RandomModels.IMAGE_SIZE)
                .with(RandomModels.tokenizer())
                .with(RandomModels.DVAE, RandomModels.weights(RandomModels.DVAE.shapes()))
                .with(
                        RandomModels.TRANSFORMER,
                        new Sampling(0.5, 0, 1, 2.5),
                        RandomModels.weights(RandomModels.TRANSFORMER.shapes()))
                .with(RandomModels.CLIP, RandomModels.weights(RandomModels.CLIP.shapes()));
    }

    @Test
    void drawsAsTheModelDrawsBestUnlessAskedOtherwise() throws IOException {
        ModelBundle guided = complete();
        assertThat(guided.sampling(null, 3, 0.9, null)).isEqualTo(new Sampling(0.5, 3, 0.9, 2.5));
        assertThat(guided.sampling(1.0, 0, 1, 1.0)).isEqualTo(Sampling.PLAIN);
        assertThat(ModelBundle.open(directory).sampling(null, 0, 1, null).guidance())
                .isEqualTo(2.5);
        ModelBundle unguided =
                guided.with(
                        RandomModels.TRANSFORMER,
                        null,
                        RandomModels.weights(RandomModels.TRANSFORMER.shapes()));
        assertThat(unguided.sampling(null, 0, 1, null)).isEqualTo(Sampling.PLAIN);
        assertThat(unguided.sampling(null, 0, 1, 1.0)).isEqualTo(Sampling.PLAIN);
        assertThatThrownBy(() -> unguided.sampling(null, 0, 1, 3.0))
                .hasMessageContaining("guidance is 3.0")
                .hasMessageContaining("leave it out");
    }

    @Test
    void whatIsWrittenCanBeOpenedAndPaints() throws IOException {
        String id = complete().id();
        ModelBundle bundle = ModelBundle.open(directory);
        assertThat(bundle.id()).isEqualTo(id).startsWith("tiny@");
        int[] text = bundle.tokenizer().encode("red heart");
        try (GridGenerator generator = bundle.generator(2);
                DiscreteVae vae = bundle.dvae();
                Clip clip = bundle.clip();
                CandidateScorer scorer = bundle.scorer()) {
            List<TokenGrid> grids = new ArrayList<>();
            for (DrawnCandidate drawn :
                    generator.draw(
                            List.of(new Candidate(text, 1, Sampling.PLAIN, new int[0])),
                            () -> true)) {
                grids.add(drawn.grid());
            }
            List<BufferedImage> pictures = vae.decode(grids);
            assertThat(pictures.get(0).getWidth()).isEqualTo(RandomModels.IMAGE_SIZE);

            float[] caption = clip.embedText("red heart");
            assertThat(Clip.cosine(caption, caption)).isCloseTo(1, within(1e-5f));
            float score = scorer.score(grids, List.of(caption))[0];
            assertThat(score)
                    .isCloseTo(Clip.cosine(clip.embedImages(pictures)[0], caption), within(1e-5f));
        }
    }

    @Test
    void aDvaeKeepsItsIdInABundleWithAnotherClip() throws IOException {
        ModelBundle bundle = complete();
        Map<String, Safetensors.Tensor> clip = RandomModels.weights(RandomModels.CLIP.shapes());
        clip.get("text_projection").data()[0]++;
        ModelBundle otherClip = bundle.with(RandomModels.CLIP, clip);
        assertThat(otherClip.id()).isNotEqualTo(bundle.id());
        assertThat(otherClip.dvaeId()).isEqualTo(bundle.dvaeId()).matches("dvae@[0-9a-f]{8}");

        Map<String, Safetensors.Tensor> dvae = RandomModels.weights(RandomModels.DVAE.shapes());
        dvae.get("encoder.blocks.input.b").data()[0]++;
        assertThat(bundle.with(RandomModels.DVAE, dvae).dvaeId()).isNotEqualTo(bundle.dvaeId());
        assertThatThrownBy(ModelBundle.create(directory, "tiny", 16)::dvaeId)
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("has no dvae yet");
    }

    /** The same weights, read in another way. */
    @Test
    void theIdCoversWhatChangesTheOutputBesideTheWeights() throws IOException {
        Map<String, Safetensors.Tensor> weights =
                RandomModels.weights(RandomModels.TRANSFORMER.shapes());
        ModelBundle sparse = complete();
        TransformerArchitecture other =
                new TransformerArchitecture(
                        2, 64, 600, 6, 32, 4, TransformerArchitecture.Attention.DENSE);
        ModelBundle dense = sparse.with(other, new Sampling(0.5, 0, 1, 2.5), weights);
        assertThat(dense.id()).isNotEqualTo(sparse.id());
        assertThat(ModelBundle.open(directory).id()).isEqualTo(dense.id());
        assertThat(complete().id()).isEqualTo(sparse.id());

        SortedSet<String> settings = new TreeSet<>();
        for (boolean shift : new boolean[] {false, true}) {
            for (boolean stable : new boolean[] {false, true}) {
                for (boolean reversible : new boolean[] {false, true}) {
                    for (AttentionPattern pattern : AttentionPattern.values()) {
                        settings.add(
                                dallePytorch(pattern, shift, stable, reversible)
                                        .beyondWeights()
                                        .toString());
                    }
                }
            }
        }
        assertThat(settings).hasSize(8 * AttentionPattern.values().length).contains("{}");
    }

    @Test
    void likelihoodCountsAsTheManifestSaysUntilThereIsAnotherClip() throws IOException {
        ModelBundle plain = complete();
        assertThat(plain.clipArchitecture().score(0.75f, -6.4, 64)).isEqualTo(0.75f);

        Path manifest = directory.resolve("model.json");
        assertThat(Files.readString(manifest)).doesNotContain("likelihood");
        Files.writeString(
                manifest,
                Files.readString(manifest)
                        .replace("\"clip\" : {", "\"clip\" : { \"likelihood\" : 0.3,"));
        ModelBundle weighed = ModelBundle.open(directory);
        assertThat(weighed.clipArchitecture().score(0.75f, -6.4, 64)).isEqualTo(0.72f);
        assertThat(weighed.id()).isNotEqualTo(plain.id());

        Map<String, Safetensors.Tensor> weights = RandomModels.weights(RandomModels.CLIP.shapes());
        assertThat(weighed.with(RandomModels.CLIP, weights).id()).isEqualTo(plain.id());
    }

    private static DallePytorchTransformer dallePytorch(
            AttentionPattern pattern, boolean shift, boolean stable, boolean reversible) {
        return new DallePytorchTransformer(
                2, 64, 1, 100, 8, 32, 4, List.of(pattern), true, shift, false, stable, reversible);
    }

    /** Results in many a bucket name this one. */
    @Test
    void idsOfExistingBundlesStay() throws IOException {
        Files.writeString(
                directory.resolve("model.json"),
                """
                {
                  "name" : "nocturne-emoji-64",
                  "image_size" : 64,
                  "dvae" : {
                    "hidden" : 48, "groups" : 4, "blocks_per_group" : 1, "vocabulary" : 1024,
                    "code_width" : 128, "subpixel" : true
                  },
                  "transformer" : {
                    "layers" : 6, "width" : 256, "text_vocabulary" : 2048, "text_length" : 20,
                    "image_vocabulary" : 1024, "grid_size" : 8, "attention" : "dense"
                  },
                  "sampling" : {
                    "temperature" : 0.4, "top_k" : 0, "top_p" : 1.0, "guidance" : 1.5
                  },
                  "files" : {
                    "clip.safetensors" : "d22417de30c4f55d9fa3f3da42409c8467343e390472e2aad9972dda34e8d4e8",
                    "dvae.safetensors" : "04d4d94c90852f21cd8da64253c80b786fd10edfa3e37d4618a200e9b5f6cbb8",
                    "tokenizer.json" : "f9fd8663af5e08f46b7d8899a71bed2dc1d7f0ce4d76bdf5706cb0af7d374458",
                    "transformer.safetensors" : "3f5aed002a9b6f90c7b4f755dff0dea2d5f1cebec7d14ae5b4672247cb56999b"
                  }
                }
                """);
        assertThat(ModelBundle.open(directory).id()).isEqualTo("nocturne-emoji-64@bac2ea14");
    }

    /** As if the disk were full, or the process killed, before the manifest is written. */
    @Test
    void whatBreaksOffBeforeTheManifestLeavesTheOldBundle() throws IOException {
        ModelBundle old = complete();
        Path inTheWay = Files.createDirectories(directory.resolve("model.json.new").resolve("x"));
        Map<String, Safetensors.Tensor> other = RandomModels.weights(RandomModels.DVAE.shapes());
        other.get("encoder.blocks.input.b").data()[0]++;
        assertThatThrownBy(() -> old.with(RandomModels.DVAE, other))
                .isInstanceOf(IOException.class);
        assertWhole(old.id());

        Files.delete(inTheWay);
        Files.delete(inTheWay.getParent());
        assertWhole(old.with(RandomModels.DVAE, other).id());
        assertThat(directory.toFile().list())
                .containsExactlyInAnyOrder(
                        "model.json",
                        "tokenizer.json",
                        "dvae.safetensors",
                        "transformer.safetensors",
                        "clip.safetensors");
    }

    /** As if the process were killed before the new weights have got their name. */
    @Test
    void whatBreaksOffAfterTheManifestLeavesTheNewBundle() throws IOException {
        complete();
        byte[] oldWeights = Files.readAllBytes(directory.resolve("dvae.safetensors"));
        Map<String, Safetensors.Tensor> other = RandomModels.weights(RandomModels.DVAE.shapes());
        other.get("encoder.blocks.input.b").data()[0]++;
        ModelBundle renewed = ModelBundle.open(directory).with(RandomModels.DVAE, other);
        Files.move(
                directory.resolve("dvae.safetensors"), directory.resolve("dvae.safetensors.new"));
        Files.write(directory.resolve("dvae.safetensors"), oldWeights);
        assertWhole(renewed.id());

        ModelBundle next =
                ModelBundle.open(directory)
                        .with(RandomModels.DVAE, RandomModels.weights(RandomModels.DVAE.shapes()));
        assertWhole(next.id());
    }

    private void assertWhole(String id) throws IOException {
        ModelBundle bundle = ModelBundle.open(directory);
        assertThat(bundle.id()).isEqualTo(id);
        bundle.dvae().close();
        bundle.generator(1).close();
        bundle.clip().close();
    }

    @Test
    void decodingDoesNotDependOnTheBatch() throws IOException {
        Random random = new Random(5);
        List<TokenGrid> grids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            grids.add(new TokenGrid(4, 4, random.ints(16, 0, 32).toArray()));
        }
        try (DiscreteVae vae = complete().dvae()) {
            List<BufferedImage> together = vae.decode(grids);
            for (int i = 0; i < grids.size(); i++) {
                byte[] alone = Pixels.planar(vae.decode(List.of(grids.get(i))).get(0));
                assertThat(Pixels.planar(together.get(i))).isEqualTo(alone);
            }
        }
    }

    @Test
    void refusesTokensOutsideTheCodebookAndGridsOfAnotherSize() throws IOException {
        try (DiscreteVae vae = complete().dvae()) {
            int[] tokens = new int[16];
            tokens[3] = 32;
            assertThatThrownBy(() -> vae.decode(List.of(new TokenGrid(4, 4, tokens))))
                    .hasMessage("token 32 is not in the codebook of 32");
            assertThatThrownBy(() -> vae.decode(List.of(new TokenGrid(2, 2, new int[4]))))
                    .hasMessage("a grid of 2x2 tokens does not fit this model, which draws 4x4");
        }
    }

    @Test
    void namesTheCommandThatTrainsAMissingPart() throws IOException {
        ModelBundle begun =
                ModelBundle.create(directory, "tiny", 16).with(RandomModels.tokenizer());
        assertThatThrownBy(begun::dvae)
                .isInstanceOf(InvalidModelException.class)
                .hasMessage(
                        "the model at %s has no dvae yet; run: nocturne train dvae --model %s",
                        directory, directory);
    }

    @Test
    void refusesDamage() throws IOException {
        ModelBundle bundle = complete();
        Path file = directory.resolve("dvae.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThatThrownBy(bundle::dvae)
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("dvae.safetensors is damaged: its sha256 is");
        Files.delete(file);
        assertThatThrownBy(bundle::dvae).hasMessageContaining("is missing or unreadable");
    }

    @Test
    void refusesMissingExtraAndMisshapenTensors() throws IOException {
        ModelBundle bundle = ModelBundle.create(directory, "tiny", 16);
        Map<String, Safetensors.Tensor> weights = RandomModels.weights(RandomModels.DVAE.shapes());
        Safetensors.Tensor bias = weights.remove("encoder.blocks.input.b");
        assertThatThrownBy(bundle.with(RandomModels.DVAE, weights)::dvae)
                .hasMessageContaining("lacks the tensor encoder.blocks.input.b");
        weights.put(
                "encoder.blocks.input.b", new Safetensors.Tensor(new long[] {2, 8}, new float[16]));
        assertThatThrownBy(bundle.with(RandomModels.DVAE, weights)::dvae)
                .hasMessageContaining(
                        "the tensor encoder.blocks.input.b is [2, 8], but model.json asks for [16]");
        weights.put("encoder.blocks.input.b", bias);
        weights.put("surprise", bias);
        assertThatThrownBy(bundle.with(RandomModels.DVAE, weights)::dvae)
                .hasMessageContaining("has the unknown tensor surprise");
    }

    @Test
    void saysWhatIsNotAModel() throws IOException {
        assertThatThrownBy(() -> ModelBundle.open(directory.resolve("nowhere")))
                .hasMessageContaining("model.json is missing; give the directory of a model");
        Files.writeString(directory.resolve("model.json"), "{\"name\": 5");
        assertThatThrownBy(() -> ModelBundle.open(directory))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("is not a valid model description");
    }
}
