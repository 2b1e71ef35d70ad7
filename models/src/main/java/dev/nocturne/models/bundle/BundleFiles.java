package dev.nocturne.models.bundle;

import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
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
import java.util.TreeSet;

/**
 * The files of a bundle's directory: written beside the old ones until the manifest names them, and
 * verified by the manifest's checksums when they are read.
 */
final class BundleFiles {
    static final String TOKENIZER = "tokenizer.json";
    static final String DVAE = "dvae.safetensors";
    static final String TRANSFORMER = "transformer.safetensors";
    static final String CLIP = "clip.safetensors";
    static final String UPSCALER = "upscaler.safetensors";
    static final String CLIP_TOKENIZER = "clip-tokenizer.json";

    /** Ends the name of a file that is not in the manifest yet. */
    private static final String UNFINISHED = ".new";

    private final Path directory;

    /** The sha256 of each file, in hex, by the manifest. */
    private final Map<String, String> checksums;

    BundleFiles(Path directory, Map<String, String> checksums) {
        this.directory = directory;
        this.checksums = checksums;
    }

    void write(String file, Map<String, Safetensors.Tensor> weights, StorageType type)
            throws IOException {
        prepare(file);
        Safetensors.write(unfinished(file), weights, type, Map.of());
    }

    /** The same, tensor by tensor: they may be more than memory holds. */
    void write(String file, Map<String, long[]> shapes, ImportedPart<?> part) throws IOException {
        prepare(file);
        Safetensors.write(unfinished(file), shapes, part.weights(), part.type(), Map.of());
    }

    /** Copies what another bundle has. */
    void copy(String file, Path source) throws IOException {
        prepare(file);
        Files.copy(source, unfinished(file), StandardCopyOption.REPLACE_EXISTING);
        force(unfinished(file));
    }

    void write(String file, CaptionTokenizer tokenizer) throws IOException {
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
        if (Files.exists(unfinished) && checksum(unfinished).equals(checksums.get(file))) {
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

    /**
     * Makes new files the directory's, all at once.
     *
     * @param changed those that were written
     */
    void publish(Manifest manifest, String... changed) throws IOException {
        manifest.write(unfinished(Manifest.FILE));
        force(unfinished(Manifest.FILE));
        force(directory);
        move(unfinished(Manifest.FILE), directory.resolve(Manifest.FILE));
        force(directory);
        for (String file : changed) {
            move(unfinished(file), directory.resolve(file));
        }
    }

    /** The sha256 of a file that was written, in hex. */
    String written(String file) throws IOException {
        return checksum(unfinished(file));
    }

    /** Opens a part's file, verified; the caller closes it. */
    Safetensors weights(String file, Map<String, long[]> shapes) throws IOException {
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

    /** How the numbers of a part's file are kept. */
    StorageType type(String file) throws IOException {
        try (Safetensors weights = Safetensors.open(verified(file))) {
            return StorageType.valueOf(weights.entries().values().iterator().next().type().name());
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
                            + Manifest.FILE);
        }
        for (Safetensors.Entry entry : weights.entries().values()) {
            long[] expected = shapes.get(entry.name());
            if (expected == null) {
                throw new InvalidModelException(
                        path
                                + " has the unknown tensor "
                                + entry.name()
                                + "; it does not belong to this "
                                + Manifest.FILE);
            }
            if (!Arrays.equals(expected, entry.shape())) {
                throw new InvalidModelException(
                        "%s: the tensor %s is %s, but %s asks for %s"
                                .formatted(
                                        path,
                                        entry.name(),
                                        Arrays.toString(entry.shape()),
                                        Manifest.FILE,
                                        Arrays.toString(expected)));
            }
        }
    }

    /** The file of the manifest's checksum. */
    Path verified(String file) throws IOException {
        String expected = checksums.get(file);
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

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
