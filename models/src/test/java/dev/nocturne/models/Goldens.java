package dev.nocturne.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.format.Safetensors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** What {@code src/test/python/import_goldens.py} wrote. */
public final class Goldens {
    private Goldens() {}

    /** A copy of a resource, unpacked if it is packed, in this folder under its last name. */
    public static Path copy(String resource, Path folder) throws IOException {
        Path file =
                folder.resolve(
                        resource.substring(resource.lastIndexOf('/') + 1).replace(".gz", ""));
        try (InputStream in = Goldens.class.getResourceAsStream("/imports/" + resource)) {
            assertThat(in).as(resource).isNotNull();
            Files.copy(resource.endsWith(".gz") ? new GZIPInputStream(in) : in, file);
        }
        return file;
    }

    /** Logits as they should be, and the same five likeliest tokens at every position. */
    public static void assertLogits(float[] actual, Safetensors.Tensor expected, double tolerance) {
        float[] values = expected.data();
        assertThat(relativeError(actual, values)).isLessThan(tolerance);
        long[] shape = expected.shape();
        Likeliest.assertSame(
                actual, values, (int) shape[shape.length - 1], tolerance * largest(values));
    }

    /** The largest difference, as a share of the largest value there should be. */
    public static double relativeError(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double error = 0;
        for (int i = 0; i < actual.length; i++) {
            error = Math.max(error, Math.abs(actual[i] - expected[i]));
        }
        return error / largest(expected);
    }

    private static double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}
