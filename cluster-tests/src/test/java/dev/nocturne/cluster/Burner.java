package dev.nocturne.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A process that keeps a processor busy until it is ended. */
final class Burner {
    private Burner() {}

    static JavaProcess start(Path folder) {
        try {
            return JavaProcess.start(
                    "burner",
                    folder,
                    Map.of(),
                    List.of("-cp", System.getProperty("java.class.path"), Burner.class.getName()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void main(String[] args) {
        long number = 1;
        while (number != 0) {
            number = number * 6364136223846793005L | 1; // odd for ever
        }
    }
}
