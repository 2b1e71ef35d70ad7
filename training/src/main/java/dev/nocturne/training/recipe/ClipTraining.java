package dev.nocturne.training.recipe;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.training.data.CaptionedSource;
import dev.nocturne.training.data.Captions;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.data.PictureSource;
import dev.nocturne.training.data.Recolouring;
import dev.nocturne.training.loop.InitialWeights;
import dev.nocturne.training.loop.Schedules;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.measure.Pictures;
import dev.nocturne.training.measure.Retrieval;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Trains CLIP by contrasting the pairs of a batch (Radford et al. 2021, section 2.3).
 *
 * <p>A batch in parts is contrasted as a whole: every picture with the captions of all parts, and
 * loss, accuracy and gradient are those of the whole batch but for rounding. What differs is the
 * time, since each part is computed twice, and the memory: that of the layers is of one part, that
 * of the vectors and their cosines, {@code [batch, batch]}, of all.
 */
public final class ClipTraining implements Trainee {
    /**
     * Most steps see half the patches of each picture, which makes them cheaper and harder; the
     * last ones see all, as use does (Li et al. 2023, FLIP, section 3).
     */
    private static final float SEEN_PATCHES = 0.5f;

    private static final double MASKED_STEPS = 0.85;

    /** Held-out pictures that captions look for. */
    private static final int RETRIEVAL = 100;

    private static final int SHOWN_CAPTIONS = 24;
    private static final int SHOWN_PICTURES = 8;

    private final TorchProgram program = TorchProgram.load("clip.py", "resblocks.py", "adamw.py");
    private final ClipArchitecture architecture;
    private final Settings settings;
    private final Start start;
    private final CaptionedSource training;
    private final List<Example> heldOut;
    private final BpeTokenizer tokenizer;

    /**
     * @param accumulate parts of a batch that are in memory one after the other
     * @param recoloured the share of pictures whose colours are changed where the caption names
     *     none: what stays is the shape, which is what tells one yellow thing from another
     */
    public record Settings(
            long steps,
            int batch,
            int accumulate,
            double learningRate,
            double recoloured,
            Precision precision) {}

    /**
     * @param start of the architecture
     */
    public ClipTraining(
            ClipArchitecture architecture,
            Settings settings,
            Start start,
            PictureSource pictures,
            BpeTokenizer tokenizer) {
        this.architecture = architecture;
        this.settings = settings;
        this.start = start;
        this.training = new CaptionedSource(pictures, tokenizer);
        this.heldOut = pictures.heldOut(RETRIEVAL);
        this.tokenizer = tokenizer;
    }

    @Override
    public TorchProgram program() {
        return program;
    }

    @Override
    public Map<String, Safetensors.Tensor> initialWeights(RandomGenerator random) {
        if (!start.weights().isEmpty()) {
            return start.share().of(start.weights(), name -> false, random);
        }
        Map<String, Safetensors.Tensor> weights =
                InitialWeights.transformer(
                        architecture.shapes(),
                        Math.max(architecture.visionLayers(), architecture.textLayers()),
                        random);
        weights.put(
                "logit_scale", InitialWeights.constant(new long[0], (float) Math.log(1 / 0.07)));
        return weights;
    }

    @Override
    public boolean trains(String weight) {
        return start.share().trains(weight);
    }

    private record Drawn(long[] ids, byte[] pixels, long[] groups) {}

    @Override
    public Object draw(long step, RandomGenerator random) {
        int pictureBytes = 3 * architecture.imageSize() * architecture.imageSize();
        Drawn drawn =
                new Drawn(
                        new long[settings.batch * architecture.textLength()],
                        new byte[settings.batch * pictureBytes],
                        new long[settings.batch]);
        Map<String, Long> groups = new HashMap<>();
        for (int i = 0; i < settings.batch; i++) {
            CaptionedSource.Captioned captioned = training.at(step * settings.batch + i, 0, random);
            Example example = captioned.example();
            System.arraycopy(
                    architecture.padded(captioned.tokens()),
                    0,
                    drawn.ids,
                    i * architecture.textLength(),
                    architecture.textLength());
            byte[] rgb =
                    random.nextDouble() < settings.recoloured
                                    && !Captions.namesColour(example.caption())
                            ? Recolouring.random(random).of(example.rgb())
                            : example.rgb();
            System.arraycopy(rgb, 0, drawn.pixels, i * pictureBytes, pictureBytes);
            // "a cat" is as right for the picture of "cat, noto style" as its own caption
            String caption =
                    example.caption().replaceFirst("^an? ", "").replaceFirst(", \\w+ style$", "");
            drawn.groups[i] = groups.computeIfAbsent(caption, key -> (long) groups.size());
        }
        return drawn;
    }

    @Override
    public NDList arguments(Object object, NDManager scope) {
        Drawn drawn = (Drawn) object;
        int size = architecture.imageSize();
        return new NDList(
                scope.create(drawn.ids, new Shape(settings.batch, architecture.textLength())),
                scope.create(
                        ByteBuffer.wrap(drawn.pixels),
                        new Shape(settings.batch, 3, size, size),
                        DataType.UINT8),
                scope.create(drawn.groups, new Shape(settings.batch)));
    }

    @Override
    public float[] hyperparameters(long step) {
        double rate = Schedules.warmUpCosine(settings.learningRate, step, settings.steps);
        float seen = step < MASKED_STEPS * settings.steps ? SEEN_PATCHES : 1;
        return new float[] {
            settings.precision.torchType(), (float) rate, 1f, 0.999f, seen, settings.accumulate
        };
    }

    @Override
    public List<String> metrics() {
        return List.of("loss", "accuracy", "scale", "gradient", "weights");
    }

    @Override
    public String unit() {
        return "pairs";
    }

    @Override
    public int unitsPerStep() {
        return settings.batch;
    }

    @Override
    public Optional<Measured> evaluate(long step, Map<String, Safetensors.Tensor> weights) {
        if (heldOut.isEmpty()) {
            return Optional.empty();
        }
        try (Clip clip = new Clip(weights, architecture, tokenizer, settings.precision)) {
            List<BufferedImage> pictures =
                    heldOut.stream()
                            .map(example -> Pixels.picture(example.rgb(), architecture.imageSize()))
                            .toList();
            Retrieval retrieval =
                    Retrieval.measure(
                            clip, heldOut.stream().map(Example::caption).toList(), pictures);
            List<List<BufferedImage>> rows = new ArrayList<>();
            for (int caption = 0; caption < Math.min(SHOWN_CAPTIONS, pictures.size()); caption++) {
                // the right picture, then what was found, best first
                List<BufferedImage> row = new ArrayList<>(List.of(pictures.get(caption)));
                IntStream.of(retrieval.ranking(caption))
                        .limit(SHOWN_PICTURES)
                        .forEach(found -> row.add(pictures.get(found)));
                rows.add(row);
            }
            return Optional.of(
                    new Measured(
                            "%d held-out pictures: caption to picture recall@1 %.1f %%, @5 %.1f %%"
                                    .formatted(
                                            pictures.size(),
                                            100 * retrieval.recall(1),
                                            100 * retrieval.recall(5)),
                            Map.of("recall@1", retrieval.recall(1)),
                            Pictures.sheet(rows)));
        }
    }

    @Override
    public void close() {
        program.close();
    }
}
