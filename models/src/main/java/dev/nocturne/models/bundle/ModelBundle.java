package dev.nocturne.models.bundle;

import static dev.nocturne.models.bundle.BundleFiles.CLIP;
import static dev.nocturne.models.bundle.BundleFiles.CLIP_TOKENIZER;
import static dev.nocturne.models.bundle.BundleFiles.DVAE;
import static dev.nocturne.models.bundle.BundleFiles.TOKENIZER;
import static dev.nocturne.models.bundle.BundleFiles.TRANSFORMER;
import static dev.nocturne.models.bundle.BundleFiles.UPSCALER;

import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.models.upscaler.Upscaler;
import dev.nocturne.models.upscaler.UpscalerArchitecture;
import dev.nocturne.models.upscaler.UpscalerFamily;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A model directory, the unit that a deployment mounts: {@code model.json} (sizes and checksums),
 * {@code tokenizer.json}, and {@code dvae}, {@code transformer} and {@code clip.safetensors}, and
 * {@code upscaler.safetensors} if there is one. Training and imports fill it part by part. A CLIP
 * that was imported has a tokenizer of its own, {@code clip-tokenizer.json}.
 *
 * <p>Opening reads {@code model.json} only. Each part is verified when it is loaded: its sha256,
 * and that its tensors are those of its architecture, none missing, extra or misshapen. The callers
 * close what they load. Immutable, so threads may share it. Weights from elsewhere enter it by
 * {@link ForeignParts}.
 */
public final class ModelBundle {
    private final Path directory;
    private final Manifest manifest;
    private final BundleFiles files;

    private ModelBundle(Path directory, Manifest manifest) {
        this.directory = directory;
        this.manifest = manifest;
        this.files = new BundleFiles(directory, manifest.files());
    }

    /**
     * @throws InvalidModelException if the directory is not a model
     */
    public static ModelBundle open(Path directory) throws IOException {
        return new ModelBundle(directory, Manifest.read(directory));
    }

    /** An empty model in memory; the first part that is added creates the directory. */
    public static ModelBundle create(Path directory, String name, int imageSize) {
        return new ModelBundle(
                directory,
                new Manifest(name, imageSize, null, null, null, null, null, null, new TreeMap<>()));
    }

    /**
     * A new bundle on disk with all that another one has, but the transformer: what a transformer
     * of other pictures needs.
     */
    public static ModelBundle begin(Path directory, String name, ModelBundle from)
            throws IOException {
        Manifest other = from.manifest;
        TreeMap<String, String> checksums = new TreeMap<>(other.files());
        checksums.remove(TRANSFORMER);
        BundleFiles files = new BundleFiles(directory, checksums);
        for (String file : checksums.keySet()) {
            files.copy(file, from.files.verified(file));
        }
        Manifest begun = other.named(name).with(null, null).with(checksums);
        files.publish(begun, checksums.keySet().toArray(String[]::new));
        return new ModelBundle(directory, begun);
    }

    /**
     * Name and version: the version changes with any byte of any part, and with what changes the
     * output of transformer or CLIP beside their weights. How the model draws best is not in it:
     * every result says how it was drawn.
     */
    public String id() {
        return manifest.id();
    }

    /**
     * Which dVAE this is, whatever else is in the bundle: tokens mean the same to every bundle in
     * which it is the same.
     */
    public String dvaeId() throws InvalidModelException {
        return "dvae@"
                + trained("dvae", manifest.files().get(DVAE)).substring(0, Manifest.ID_CHARS);
    }

    /**
     * The sha256 in hex of a part's file.
     *
     * @param part tokenizer, dvae, transformer or clip
     */
    public String checksum(String part) throws InvalidModelException {
        String file = part.equals("tokenizer") ? TOKENIZER : part + ".safetensors";
        return trained(part, manifest.files().get(file));
    }

    public Path directory() {
        return directory;
    }

    /** Side of the pictures in pixels. */
    public int imageSize() {
        return manifest.imageSize();
    }

    /** Sides in pixels of the pictures that it paints, in ascending order. */
    public List<Integer> sizes() {
        return hasUpscaler() ? List.of(imageSize(), manifest.enlargedSize()) : List.of(imageSize());
    }

    /** That of {@link #sizes} to which it paints where none is asked for. */
    public int autoSize() {
        return manifest.autoSize() == null ? imageSize() : manifest.autoSize();
    }

    public boolean hasUpscaler() {
        return manifest.upscaler() != null;
    }

    /** The sizes of the upscaler; empty if there is none. */
    public Optional<UpscalerFamily> upscalerArchitecture() {
        return Optional.ofNullable(manifest.upscaler());
    }

    public DvaeFamily dvaeArchitecture() throws InvalidModelException {
        return trained("dvae", manifest.dvae());
    }

    public TransformerFamily transformerArchitecture() throws InvalidModelException {
        return trained("transformer", manifest.transformer());
    }

    public boolean hasClip() {
        return manifest.clip() != null;
    }

    public ClipArchitecture clipArchitecture() throws InvalidModelException {
        return trained("clip", manifest.clip());
    }

    /**
     * How to draw: what is asked for, and the model's own where nothing is.
     *
     * @param temperature null for the model's own
     * @param guidance null for the model's own
     * @throws IllegalArgumentException if this model can't be guided
     */
    public Sampling sampling(Double temperature, int topK, double topP, Double guidance) {
        if (guidance != null && guidance > 1 && !canBeGuided()) {
            throw new IllegalArgumentException(
                    "guidance is %s, but the model %s was not trained to be guided: leave it out"
                            .formatted(guidance, id()));
        }
        return bestSampling().with(temperature, topK, topP, guidance);
    }

    public CaptionTokenizer tokenizer() throws IOException {
        trained("tokenizer", manifest.files().get(TOKENIZER));
        return tokenizer(TOKENIZER);
    }

    /**
     * The tokenizer, for training with it.
     *
     * @throws InvalidModelException if it is one of another model's that nothing is trained with
     */
    public BpeTokenizer trainingTokenizer() throws IOException {
        if (tokenizer() instanceof BpeTokenizer tokenizer) {
            return tokenizer;
        }
        throw new InvalidModelException(
                "the tokenizer at %s was imported and cannot be trained with; give another directory"
                        .formatted(directory));
    }

    private CaptionTokenizer tokenizer(String file) throws IOException {
        return CaptionTokenizer.load(files.verified(file));
    }

    public DiscreteVae dvae() throws IOException {
        try (Safetensors weights = files.weights(DVAE, dvaeArchitecture().shapes())) {
            return new DiscreteVae(
                    weights.tensors(), manifest.dvae(), manifest.imageSize(), Precision.best());
        }
    }

    /**
     * @param batchSize candidates drawn together; see {@link GridGenerator}
     */
    public GridGenerator generator(int batchSize) throws IOException {
        try (Safetensors weights = files.weights(TRANSFORMER, transformerArchitecture().shapes())) {
            return new GridGenerator(
                    weights.tensors(), manifest.transformer(), batchSize, Precision.best());
        }
    }

    /** Whether its transformer was trained to be guided. */
    public boolean canBeGuided() {
        return manifest.sampling() != null;
    }

    /** How the transformer draws best; the paper's way if it was not trained to be guided. */
    public Sampling bestSampling() {
        return manifest.sampling() == null ? Sampling.PLAIN : manifest.sampling();
    }

    /** The transformer's weights in Java's memory, to train them further. */
    public Map<String, Safetensors.Tensor> transformerWeights() throws IOException {
        return weights(TRANSFORMER, transformerArchitecture().shapes());
    }

    /**
     * CLIP's weights in Java's memory, to train them further.
     *
     * @throws InvalidModelException if it has an activation that nothing is trained with
     */
    public Map<String, Safetensors.Tensor> clipWeights() throws IOException {
        if (!clipArchitecture().hasOpenAiLayers()) {
            throw new InvalidModelException(
                    "the CLIP at %s has the activation gelu or other widths than openai's and cannot be trained further; give one with quick_gelu"
                            .formatted(directory));
        }
        return weights(CLIP, clipArchitecture().shapes());
    }

    private Map<String, Safetensors.Tensor> weights(String file, Map<String, long[]> shapes)
            throws IOException {
        try (Safetensors weights = files.weights(file, shapes)) {
            return new LinkedHashMap<>(weights.tensors());
        }
    }

    /**
     * Computes in float32: scores of near equals decide the ranking, and bfloat16 would blur them.
     */
    public Clip clip() throws IOException {
        try (Safetensors weights = files.weights(CLIP, clipArchitecture().shapes())) {
            return new Clip(weights.tensors(), manifest.clip(), clipTokenizer(), Precision.FLOAT32);
        }
    }

    private CaptionTokenizer clipTokenizer() throws IOException {
        if (!manifest.files().containsKey(CLIP_TOKENIZER)) {
            return tokenizer();
        }
        CaptionTokenizer tokenizer = tokenizer(CLIP_TOKENIZER);
        CaptionCleaning captions = manifest.clip().captions();
        return captions != null && tokenizer instanceof BpeTokenizer pairs
                ? pairs.with(captions)
                : tokenizer;
    }

    /**
     * The upscaler.
     *
     * @throws InvalidModelException if there is none
     */
    public Upscaler upscaler() throws IOException {
        UpscalerFamily architecture = trained("upscaler", manifest.upscaler());
        try (Safetensors weights = files.weights(UPSCALER, architecture.shapes())) {
            return new Upscaler(architecture, weights.tensors(), Precision.best());
        }
    }

    public CandidateScorer scorer() throws IOException {
        return new CandidateScorer(dvae(), clip());
    }

    /** The bundle with this tokenizer, on disk. */
    public ModelBundle with(BpeTokenizer tokenizer) throws IOException {
        files.write(TOKENIZER, tokenizer);
        return saved(manifest, TOKENIZER);
    }

    /** The bundle with this dVAE, on disk as float16. */
    public ModelBundle with(DvaeArchitecture architecture, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        files.write(DVAE, weights, StorageType.F16);
        return saved(manifest.with(architecture), DVAE);
    }

    /**
     * The bundle with this transformer, on disk as float16.
     *
     * @param sampling how it draws best; null if it was not trained to be guided
     */
    public ModelBundle with(
            TransformerArchitecture architecture,
            Sampling sampling,
            Map<String, Safetensors.Tensor> weights)
            throws IOException {
        files.write(TRANSFORMER, weights, StorageType.F16);
        return saved(manifest.with(architecture, sampling), TRANSFORMER);
    }

    /** The bundle with this CLIP, on disk as float16. */
    public ModelBundle with(ClipArchitecture architecture, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        files.write(CLIP, weights, StorageType.F16);
        // its captions are those of the bundle's tokenizer
        return saved(manifest.with(architecture.with(null)), CLIP);
    }

    /** The bundle with this upscaler, on disk as float16. */
    public ModelBundle with(
            UpscalerArchitecture architecture, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        files.write(UPSCALER, weights, StorageType.F16);
        return saved(manifest.with(architecture), UPSCALER);
    }

    /**
     * @param changed files that were written
     */
    ModelBundle saved(Manifest architectures, String... changed) throws IOException {
        TreeMap<String, String> checksums = new TreeMap<>(manifest.files());
        if (architectures.clip() != manifest.clip()) {
            // it belongs to the CLIP that goes
            checksums.remove(CLIP_TOKENIZER);
        }
        if (architectures.upscaler() == null) {
            checksums.remove(UPSCALER);
        }
        for (String file : changed) {
            checksums.put(file, files.written(file));
        }
        Manifest updated = architectures.with(checksums);
        files.publish(updated, changed);
        return new ModelBundle(directory, updated);
    }

    Manifest manifest() {
        return manifest;
    }

    BundleFiles files() {
        return files;
    }

    private <T> T trained(String part, T value) throws InvalidModelException {
        if (value == null) {
            throw new InvalidModelException(
                    "the model at %1$s has no %2$s yet; run: nocturne train %2$s --model %1$s%3$s"
                            .formatted(
                                    directory,
                                    part,
                                    part.equals("clip") ? ", or: nocturne import clip" : ""));
        }
        return value;
    }
}
