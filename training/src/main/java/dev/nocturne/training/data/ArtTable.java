package dev.nocturne.training.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/** Reads the tables of the art, which are resources of this module. */
final class ArtTable {
    private static final int DRAWING_COLUMNS = 10;

    private ArtTable() {}

    /** The drawings of a gzipped table below its line of column names, in its order. */
    static List<Drawing> drawings(String resource) {
        return lines(resource).stream().skip(1).map(line -> drawing(resource, line)).toList();
    }

    /** The lines of a table, each split at its tabs. */
    static List<String[]> rows(String resource) {
        return lines(resource).stream().map(line -> line.split("\t", -1)).toList();
    }

    private static List<String> lines(String resource) {
        try (InputStream file = ArtTable.class.getResourceAsStream(resource);
                InputStream text =
                        resource.endsWith(".gz")
                                ? new GzipCompressorInputStream(file, true)
                                : file;
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(text, StandardCharsets.UTF_8))) {
            return lines.lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the art resource " + resource, e);
        }
    }

    private static Drawing drawing(String resource, String line) {
        String[] column = line.split("\t", -1);
        if (column.length != DRAWING_COLUMNS) {
            throw new IllegalStateException(
                    "%s: expected %d columns, found %d: %s"
                            .formatted(resource, DRAWING_COLUMNS, column.length, column[0]));
        }
        return new Drawing(
                column[0],
                column[1],
                column[2],
                column[3],
                column[4],
                column[5],
                column[6],
                List.of(column[7].split("\\|")),
                column[8].equals("1"),
                column[9]);
    }
}
