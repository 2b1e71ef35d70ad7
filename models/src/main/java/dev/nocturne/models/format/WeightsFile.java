package dev.nocturne.models.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The weights of a model, however they were saved: a file of torch's or safetensors, shards with
 * their index, or a folder with one of these. {@link #around} finds the model in what surrounds it:
 * wrappers, checkpoints of training, averaged weights.
 *
 * <p>Values are read when they are asked for, until {@link #close}, which the caller owes.
 */
public final class WeightsFile implements Closeable {

    /** What a folder's weights are called, the first found counts. */
    private static final List<String> NAMES =
            List.of(
                    "model.safetensors",
                    "model.safetensors.index.json",
                    "open_clip_model.safetensors",
                    "pytorch_model.bin",
                    "pytorch_model.bin.index.json",
                    "open_clip_pytorch_model.bin");

    /** A part of a name that says that what is under it is an average over training. */
    private static final Pattern AVERAGED =
            Pattern.compile("(?:^|[._])(?:ema|swa|averaged?)(?=[._])");

    /** Names in a message. */
    private static final int SHOWN = 3;

    private final Path path;
    private final List<Closeable> opened = new ArrayList<>();
    private final Map<String, Weight> weights = new LinkedHashMap<>();

    /** The one file of torch's; null if there are several or none. */
    private TorchFile torch;

    private WeightsFile(Path path) {
        this.path = path;
    }

    /**
     * @param place a file, an index of shards ({@code *.index.json}), or a folder with one of them
     * @throws InvalidModelException if it has no weights, or some that cannot be read
     */
    public static WeightsFile open(Path place) throws IOException {
        WeightsFile file = new WeightsFile(Files.isDirectory(place) ? inFolder(place) : place);
        try {
            if (startsWith(file.path, 0, '{')) {
                file.addShards();
            } else {
                file.weights.putAll(file.add(file.path));
            }
            return file;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Whether a folder has weights of a known name. */
    public static boolean isIn(Path folder) {
        return known(folder).isPresent();
    }

    private static Optional<Path> known(Path folder) {
        return NAMES.stream().map(folder::resolve).filter(Files::isRegularFile).findFirst();
    }

    private static Path inFolder(Path folder) throws InvalidModelException {
        return known(folder)
                .orElseThrow(
                        () ->
                                Refusal.of(
                                        folder,
                                        "it has none of " + String.join(", ", NAMES),
                                        "give the file with the weights"));
    }

    /** The file of the weights, or of their index. */
    public Path path() {
        return path;
    }

    /**
     * The tensors of the model that has a tensor of this name, by the names that it has by itself:
     * without what wraps it ({@code module.}, {@code state_dict.}), and without what lies beside
     * it. If there are several models, the averaged one is meant.
     *
     * @throws InvalidModelException if there is none, or if there are several
     */
    public Map<String, Weight> around(String tensor) throws InvalidModelException {
        String prefix = prefix(tensor);
        Map<String, Weight> found = new LinkedHashMap<>();
        weights.forEach(
                (name, weight) -> {
                    if (name.startsWith(prefix)) {
                        found.put(name.substring(prefix.length()), weight);
                    }
                });
        return found;
    }

    /** Whether some model in it has a tensor of this name. */
    public boolean has(String tensor) {
        return !prefixes(tensor).isEmpty();
    }

    private List<String> prefixes(String tensor) {
        return weights.keySet().stream()
                .filter(name -> name.equals(tensor) || name.endsWith("." + tensor))
                .map(name -> name.substring(0, name.length() - tensor.length()))
                .toList();
    }

    private String prefix(String tensor) throws InvalidModelException {
        List<String> all = prefixes(tensor);
        if (all.isEmpty()) {
            String names = String.join(", ", weights.keySet().stream().limit(SHOWN).toList());
            throw Refusal.of(
                    path,
                    "it lacks the tensor %s and has %s"
                            .formatted(tensor, names.isEmpty() ? "none" : names + ", ..."),
                    "give the file that its publisher made for this model, or save the model's state_dict() alone");
        }
        List<String> averaged =
                all.stream().filter(prefix -> AVERAGED.matcher(prefix).find()).toList();
        List<String> meant = averaged.isEmpty() ? all : averaged;
        if (meant.size() > 1) {
            throw Refusal.of(
                    path,
                    "it has several models: " + String.join(", ", meant),
                    "save the state_dict() of one of them alone");
        }
        return meant.get(0);
    }

    /** What a checkpoint holds beside its tensors, by name; nothing if it is no dictionary. */
    public Map<?, ?> dictionary() {
        return torch == null ? Map.of() : torch.dictionary();
    }

    /** The classes of modules by their names; empty unless whole modules were saved. */
    public Map<String, String> modules() {
        return torch == null ? Map.of() : torch.modules();
    }

    /** The source text of an archive of TorchScript's; empty if this is none. */
    public String program() {
        return torch == null ? "" : torch.program();
    }

    /** Whether all numbers are of 16 bits, of IEEE's kind. */
    public boolean isFloat16() {
        return torch != null && torch.isFloat16();
    }

    @Override
    public void close() throws IOException {
        for (Closeable file : opened) {
            file.close();
        }
    }

    /** The tensors of one file. */
    private Map<String, Weight> add(Path file) throws IOException {
        if (startsWith(file, Safetensors.LENGTH_BYTES, '{')) {
            Safetensors safetensors = Safetensors.open(file);
            opened.add(safetensors::close);
            Map<String, Weight> found = new LinkedHashMap<>();
            safetensors
                    .entries()
                    .forEach(
                            (name, entry) ->
                                    found.put(
                                            name,
                                            new Weight(
                                                    entry.shape(),
                                                    () -> safetensors.floats(name))));
            return found;
        }
        TorchFile opening = TorchFile.open(file);
        opened.add(opening);
        torch = file.equals(path) ? opening : null;
        return opening.weights();
    }

    /** The tensors of an index's shards, which lie beside it. */
    private void addShards() throws IOException {
        JsonNode index;
        try {
            index = Safetensors.JSON.readTree(Files.readAllBytes(path)).path("weight_map");
        } catch (JsonProcessingException e) {
            throw Refusal.of(path, "it cannot be parsed", "copy it again");
        }
        if (!index.isObject() || index.isEmpty()) {
            throw Refusal.of(
                    path,
                    "it is neither a file of weights nor an index of shards",
                    "give the file with the weights");
        }
        Map<String, Map<String, Weight>> shards = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : index.properties()) {
            String shard = entry.getValue().asText();
            if (!shards.containsKey(shard)) {
                shards.put(shard, shard(shard));
            }
            Weight weight = shards.get(shard).get(entry.getKey());
            if (weight == null) {
                throw Refusal.of(
                        path.resolveSibling(shard),
                        "it lacks the tensor " + entry.getKey(),
                        "copy the index and all its shards again");
            }
            weights.put(entry.getKey(), weight);
        }
    }

    private Map<String, Weight> shard(String name) throws IOException {
        if (!name.matches("[\\w.-]+") || name.startsWith(".")) {
            throw Refusal.of(
                    path, "its shard '%s' is no name of a file".formatted(name), "copy it again");
        }
        try {
            return add(path.resolveSibling(name));
        } catch (NoSuchFileException e) {
            throw Refusal.of(
                    path.resolveSibling(name), "it is missing", "put all shards beside the index");
        }
    }

    private static boolean startsWith(Path file, int offset, char character) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            channel.position(offset);
            return Channels.newInputStream(channel).read() == character;
        }
    }
}
