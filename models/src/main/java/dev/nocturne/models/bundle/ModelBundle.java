package dev.nocturne.models.bundle;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerFamily;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A model directory, the unit that a deployment mounts: {@code model.json} (sizes and checksums),
 * {@code tokenizer.json}, and {@code dvae}, {@code transformer} and {@code clip.safetensors}.
 * Training and imports fill it part by part. A CLIP that was imported has a tokenizer of its own,
 * {@code clip-tokenizer.json}.
 *
 * <p>Opening reads {@code model.json} only. Each part is verified when it is loaded: its sha256,
 * and that its tensors are those of its architecture, none missing, extra or misshapen. The callers
 * close what they load. Immutable, so threads may share it.
 */
public final class ModelBundle {
    private static final String MANIFEST = "model.json";
    private static final String TOKENIZER = "tokenizer.json";
    private static final String DVAE = "dvae.safetensors";
    private static final String TRANSFORMER = "transformer.safetensors";
    private static final String CLIP = "clip.safetensors";
    private static final String CLIP_TOKENIZER = "clip-tokenizer.json";

    /** Ends the name of a file that is not in the manifest yet. */
    private static final String UNFINISHED = ".new";

    /** Hexadecimal digits of a SHA-256 in an id. */
    private static final int ID_CHARS = 8;

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .serializationInclusion(JsonInclude.Include.NON_NULL)
                    .build();

    private final Path directory;
    private final Manifest manifest;

    /**
     * @param imageSize side of the pictures in pixels
     * @param guidance with which the transformer draws best; null if it was not trained to be
     *     guided
     * @param files sha256 in hex of each file
     */
    private record Manifest(
            String name,
            int imageSize,
            DvaeFamily dvae,
            TransformerFamily transformer,
            Sampling sampling,
            ClipArchitecture clip,
            TreeMap<String, String> files) {}

    private ModelBundle(Path directory, Manifest manifest) {
        this.directory = directory;
        this.manifest = manifest;
    }

    /**
     * @throws InvalidModelException if the directory is not a model
     */
    public static ModelBundle open(Path directory) throws IOException {
        Path file = directory.resolve(MANIFEST);
        try {
            Manifest manifest = JSON.readValue(Files.readAllBytes(file), Manifest.class);
            if (manifest.name == null || manifest.imageSize < 1 || manifest.files == null) {
                throw new InvalidModelException(
                        file
                                + " lacks name, image_size or files; restore it from where the model came from");
            }
            return new ModelBundle(directory, manifest);
        } catch (NoSuchFileException e) {
            throw new InvalidModelException(
                    "no model at "
                            + directory.toAbsolutePath()
                            + ": "
                            + MANIFEST
                            + " is missing; give the directory of a model");
        } catch (JsonProcessingException e) {
            throw new InvalidModelException(
                    file
                            + " is not a valid model description ("
                            + e.getOriginalMessage()
                            + "); restore it from where the model came from");
        }
    }

    /** An empty model in memory; the first part that is added creates the directory. */
    public static ModelBundle create(Path directory, String name, int imageSize) {
        return new ModelBundle(
                directory, new Manifest(name, imageSize, null, null, null, null, new TreeMap<>()));
    }

    /**
     * Name and version: the version changes with any byte of any part, and with what changes the
     * transformer's output beside its weights. How the model draws best is not in it: every result
     * says how it was drawn.
     */
    public String id() {
        String contents = manifest.files.toString();
        if (manifest.transformer != null && !manifest.transformer.beyondWeights().isEmpty()) {
            contents += manifest.transformer.beyondWeights();
        }
        byte[] digest = sha256().digest(contents.getBytes(StandardCharsets.UTF_8));
        return manifest.name + "@" + HexFormat.of().formatHex(digest, 0, ID_CHARS / 2);
    }

    /**
     * Which dVAE this is, whatever else is in the bundle: tokens mean the same to every bundle in
     * which it is the same.
     */
    public String dvaeId() throws InvalidModelException {
        return "dvae@" + trained("dvae", manifest.files.get(DVAE)).substring(0, ID_CHARS);
    }

    public Path directory() {
        return directory;
    }

    /** Side of the pictures in pixels. */
    public int imageSize() {
        return manifest.imageSize;
    }

    public DvaeFamily dvaeArchitecture() throws InvalidModelException {
        return trained("dvae", manifest.dvae);
    }

    public TransformerFamily transformerArchitecture() throws InvalidModelException {
        return trained("transformer", manifest.transformer);
    }

    public boolean hasClip() {
        return manifest.clip != null;
    }

    public ClipArchitecture clipArchitecture() throws InvalidModelException {
        return trained("clip", manifest.clip);
    }

    /**
     * How to draw: what is asked for, and the model's own where nothing is.
     *
     * @param temperature null for the model's own
     * @param guidance null for the model's own
     * @throws IllegalArgumentException if this model can't be guided
     */
    public Sampling sampling(Double temperature, int topK, double topP, Double guidance) {
        if (guidance != null && guidance > 1 && manifest.sampling == null) {
            throw new IllegalArgumentException(
                    "guidance is %s, but the model %s was not trained to be guided: leave it out"
                            .formatted(guidance, id()));
        }
        Sampling own = manifest.sampling == null ? Sampling.PLAIN : manifest.sampling;
        return new Sampling(
                temperature == null ? own.temperature() : temperature,
                topK,
                topP,
                guidance == null ? own.guidance() : guidance);
    }

    public CaptionTokenizer tokenizer() throws IOException {
        trained("tokenizer", manifest.files.get(TOKENIZER));
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
        return CaptionTokenizer.load(verified(file));
    }

    public DiscreteVae dvae() throws IOException {
        try (Safetensors weights = weights(DVAE, dvaeArchitecture().shapes())) {
            return new DiscreteVae(
                    weights.tensors(), manifest.dvae, manifest.imageSize, Precision.best());
        }
    }

    /**
     * @param batchSize candidates drawn together; see {@link GridGenerator}
     */
    public GridGenerator generator(int batchSize) throws IOException {
        try (Safetensors weights = weights(TRANSFORMER, transformerArchitecture().shapes())) {
            return new GridGenerator(
                    weights.tensors(), manifest.transformer, batchSize, Precision.best());
        }
    }

    /**
     * Computes in float32: scores of near equals decide the ranking, and bfloat16 would blur them.
     */
    public Clip clip() throws IOException {
        try (Safetensors weights = weights(CLIP, clipArchitecture().shapes())) {
            return new Clip(
                    weights.tensors(),
                    manifest.clip,
                    manifest.files.containsKey(CLIP_TOKENIZER)
                            ? tokenizer(CLIP_TOKENIZER)
                            : tokenizer(),
                    Precision.FLOAT32);
        }
    }

    public CandidateScorer scorer() throws IOException {
        return new CandidateScorer(dvae(), clip());
    }

    /** The bundle with this tokenizer, on disk. */
    public ModelBundle with(BpeTokenizer tokenizer) throws IOException {
        write(TOKENIZER, tokenizer);
        return saved(
                manifest.dvae, manifest.transformer, manifest.sampling, manifest.clip, TOKENIZER);
    }

    /** The bundle with this dVAE, on disk as float16. */
    public ModelBundle with(DvaeArchitecture architecture, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        write(DVAE, weights, StorageType.F16);
        return saved(architecture, manifest.transformer, manifest.sampling, manifest.clip, DVAE);
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
        write(TRANSFORMER, weights, StorageType.F16);
        return saved(manifest.dvae, architecture, sampling, manifest.clip, TRANSFORMER);
    }

    /** The bundle with this CLIP, on disk as float16. */
    public ModelBundle with(ClipArchitecture architecture, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        write(CLIP, weights, StorageType.F16);
        return saved(manifest.dvae, manifest.transformer, manifest.sampling, architecture, CLIP);
    }

    /**
     * The bundle with a dVAE from elsewhere, on disk as float32: rounded weights would choose other
     * tokens now and then.
     *
     * @throws InvalidModelException if the bundle has a transformer that speaks other tokens
     */
    public ModelBundle withImported(
            DvaeArchitecture architecture, Map<String, Safetensors.Tensor> weights)
            throws IOException {
        TransformerFamily transformer = manifest.transformer;
        int grid = manifest.imageSize / architecture.downsampling();
        if (transformer != null
                && (transformer.imageVocabulary() != architecture.vocabulary()
                        || transformer.gridSize() != grid)) {
            throw new InvalidModelException(
                    "the transformer at %1$s draws %3$d² of %2$d tokens, this dVAE %5$d² of %4$d; give another directory"
                            .formatted(
                                    directory,
                                    transformer.imageVocabulary(),
                                    transformer.gridSize(),
                                    architecture.vocabulary(),
                                    grid));
        }
        write(DVAE, weights, StorageType.F32);
        return saved(architecture, transformer, manifest.sampling, manifest.clip, DVAE);
    }

    /** The bundle with a CLIP from elsewhere and its tokenizer, on disk as float32. */
    public ModelBundle withImported(
            ClipArchitecture architecture,
            Map<String, Safetensors.Tensor> weights,
            BpeTokenizer tokenizer)
            throws IOException {
        write(CLIP, weights, StorageType.F32);
        write(CLIP_TOKENIZER, tokenizer);
        return saved(
                manifest.dvae,
                manifest.transformer,
                manifest.sampling,
                architecture,
                CLIP,
                CLIP_TOKENIZER);
    }

    /**
     * The bundle with a whole DALL-E from elsewhere: transformer, dVAE and tokenizer, on disk as
     * float32. A CLIP that was imported stays.
     *
     * @param imageSize side of its pictures in pixels, which becomes the bundle's
     * @param sampling how it draws best; null if it was not trained to be guided
     * @throws InvalidModelException if the bundle has a CLIP that reads the tokenizer that goes
     */
    public ModelBundle withImported(
            int imageSize,
            TransformerFamily transformer,
            Map<String, Safetensors.Tensor> transformerWeights,
            Sampling sampling,
            DvaeFamily dvae,
            Map<String, Safetensors.Tensor> dvaeWeights,
            CaptionTokenizer tokenizer)
            throws IOException {
        if (manifest.clip != null && !manifest.files.containsKey(CLIP_TOKENIZER)) {
            throw new InvalidModelException(
                    "the CLIP at %s reads the tokenizer that would go; give another directory"
                            .formatted(directory));
        }
        write(TRANSFORMER, transformerWeights, StorageType.F32);
        write(DVAE, dvaeWeights, StorageType.F32);
        write(TOKENIZER, tokenizer);
        Manifest resized =
                new Manifest(
                        manifest.name, imageSize, null, null, null, manifest.clip, manifest.files);
        return new ModelBundle(directory, resized)
                .saved(dvae, transformer, sampling, manifest.clip, TRANSFORMER, DVAE, TOKENIZER);
    }

    private void write(String file, Map<String, Safetensors.Tensor> weights, StorageType type)
            throws IOException {
        prepare(file);
        Safetensors.write(unfinished(file), weights, type, Map.of());
    }

    private void write(String file, CaptionTokenizer tokenizer) throws IOException {
        prepare(file);
        tokenizer.save(unfinished(file));
        force(unfinished(file));
    }

    /**
     * The name of a file until the manifest names its contents, and a moment longer. So the
     * manifest's move is the one step from the old bundle to the new one, and a crash leaves either
     * whole: whoever reads looks for the contents under both names.
     */
    private Path unfinished(String file) {
        return directory.resolve(file + UNFINISHED);
    }

    /** What a crash has left under the other name gets its own if it is this bundle's. */
    private void prepare(String file) throws IOException {
        Files.createDirectories(directory);
        Path unfinished = unfinished(file);
        if (Files.exists(unfinished) && checksum(unfinished).equals(manifest.files.get(file))) {
            move(unfinished, directory.resolve(file));
        }
    }

    private static void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Moves before it are on disk before those after it. */
    private static void force(Path fileOrDirectory) throws IOException {
        try (FileChannel channel = FileChannel.open(fileOrDirectory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            if (!Files.isDirectory(fileOrDirectory)) {
                throw e;
            } // not every system opens a directory; those keep the order by themselves
        }
    }

    private ModelBundle saved(
            DvaeFamily dvae,
            TransformerFamily transformer,
            Sampling sampling,
            ClipArchitecture clip,
            String... changed)
            throws IOException {
        TreeMap<String, String> files = new TreeMap<>(manifest.files);
        if (clip != manifest.clip) {
            // it belongs to the CLIP that goes
            files.remove(CLIP_TOKENIZER);
        }
        for (String file : changed) {
            files.put(file, checksum(unfinished(file)));
        }
        Manifest updated =
                new Manifest(
                        manifest.name,
                        manifest.imageSize,
                        dvae,
                        transformer,
                        sampling,
                        clip,
                        files);
        JSON.writeValue(unfinished(MANIFEST).toFile(), updated);
        force(unfinished(MANIFEST));
        force(directory);
        move(unfinished(MANIFEST), directory.resolve(MANIFEST));
        force(directory);
        for (String file : changed) {
            move(unfinished(file), directory.resolve(file));
        }
        return new ModelBundle(directory, updated);
    }

    private <T> T trained(String part, T value) throws InvalidModelException {
        if (value == null) {
            throw new InvalidModelException(
                    "the model at "
                            + directory
                            + " has no "
                            + part
                            + " yet; run: nocturne train "
                            + part
                            + " --model "
                            + directory);
        }
        return value;
    }

    /** Opens a part's file, verified; the caller closes it. */
    private Safetensors weights(String file, Map<String, long[]> shapes) throws IOException {
        Path path = verified(file);
        Safetensors weights = Safetensors.open(path);
        try {
            requireShapes(path, weights, shapes);
            return weights;
        } catch (IOException e) {
            weights.close();
            throw e;
        }
    }

    private static void requireShapes(Path path, Safetensors weights, Map<String, long[]> shapes)
            throws IOException {
        Set<String> missing = new TreeSet<>(shapes.keySet());
        missing.removeAll(weights.entries().keySet());
        if (!missing.isEmpty()) {
            throw new InvalidModelException(
                    path
                            + " lacks the tensor "
                            + missing.iterator().next()
                            + "; it does not belong to this "
                            + MANIFEST);
        }
        for (Safetensors.Entry entry : weights.entries().values()) {
            long[] expected = shapes.get(entry.name());
            if (expected == null) {
                throw new InvalidModelException(
                        path
                                + " has the unknown tensor "
                                + entry.name()
                                + "; it does not belong to this "
                                + MANIFEST);
            }
            if (!Arrays.equals(expected, entry.shape())) {
                throw new InvalidModelException(
                        "%s: the tensor %s is %s, but %s asks for %s"
                                .formatted(
                                        path,
                                        entry.name(),
                                        Arrays.toString(entry.shape()),
                                        MANIFEST,
                                        Arrays.toString(expected)));
            }
        }
    }

    /** The file of the manifest's checksum. */
    private Path verified(String file) throws IOException {
        String expected = manifest.files.get(file);
        Path unfinished = unfinished(file);
        if (Files.isReadable(unfinished) && checksum(unfinished).equals(expected)) {
            return unfinished;
        }
        Path path = directory.resolve(file);
        if (!Files.isReadable(path)) {
            throw new InvalidModelException(
                    path + " is missing or unreadable; restore it from where the model came from");
        }
        String actual = checksum(path);
        if (!actual.equals(expected)) {
            throw new InvalidModelException(
                    path
                            + " is damaged: its sha256 is "
                            + actual
                            + ", not "
                            + expected
                            + "; restore it from where the model came from");
        }
        return path;
    }

    private static String checksum(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
