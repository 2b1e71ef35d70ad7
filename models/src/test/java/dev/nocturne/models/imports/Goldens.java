package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** What {@code src/test/python/import_goldens.py} wrote. */
final class Goldens {
    private Goldens() {}

    /** A copy of a resource, unpacked if it is packed, in this folder under its last name. */
    static Path copy(String resource, Path folder) throws IOException {
        Path file =
                folder.resolve(
                        resource.substring(resource.lastIndexOf('/') + 1).replace(".gz", ""));
        try (InputStream in = Goldens.class.getResourceAsStream("/imports/" + resource)) {
            assertThat(in).as(resource).isNotNull();
            Files.copy(resource.endsWith(".gz") ? new GZIPInputStream(in) : in, file);
        }
        return file;
    }

    /** The largest difference, as a share of the largest value there should be. */
    static double relativeError(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double error = 0;
        double largest = 0;
        for (int i = 0; i < actual.length; i++) {
            error = Math.max(error, Math.abs(actual[i] - expected[i]));
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        return error / largest;
    }
}
