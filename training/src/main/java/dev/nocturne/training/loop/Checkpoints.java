package dev.nocturne.training.loop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The last states of a training on disk: the newest is {@code checkpoint.safetensors}, those before
 * it have their step in their names.
 */
final class Checkpoints {
    private static final String NEWEST = "checkpoint.safetensors";

    private final Path folder;
    private final int kept;

    /**
     * @param kept how many, at least 1
     */
    Checkpoints(Path folder, int kept) {
        this.folder = folder;
        this.kept = kept;
    }

    Path newest() {
        return folder.resolve(NEWEST);
    }

    /**
     * Makes room for the state of another step, which is then written to {@link #newest}.
     *
     * @param step of the state that is there now
     */
    void retire(long step) throws IOException {
        if (Files.exists(newest()) && kept > 1) {
            Path older = folder.resolve("checkpoint-%07d.safetensors".formatted(step));
            Files.deleteIfExists(older);
            try {
                // what is written next is another file of the same name
                Files.createLink(older, newest());
            } catch (UnsupportedOperationException e) {
                Files.copy(newest(), older, StandardCopyOption.REPLACE_EXISTING);
            }
        }
        List<Path> older = older();
        for (Path file : older.subList(Math.min(kept - 1, older.size()), older.size())) {
            Files.delete(file);
        }
    }

    /** Newest first. */
    private List<Path> older() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(
                            file ->
                                    file.getFileName()
                                            .toString()
                                            .matches("checkpoint-\\d+\\.safetensors"))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
    }
}
