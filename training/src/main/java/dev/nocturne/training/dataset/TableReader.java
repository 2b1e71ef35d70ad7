package dev.nocturne.training.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * A table with a column of paths and one of captions: CSV or TSV with a header, JSON lines, or a
 * JSON array of objects. Paths are relative to its folder. Rows of one picture that follow each
 * other are its captions.
 */
final class TableReader implements SampleReader {
    private static final JsonMapper READER = JsonMapper.builder().build();
    private static final Set<String> JSON = Set.of("jsonl", "ndjson", "json");
    private static final Set<String> SEPARATED = Set.of("csv", "tsv");
    private static final int BYTE_ORDER_MARK = '\uFEFF';

    private final Path file;
    private final Columns columns;

    TableReader(Path file, Columns columns) {
        this.file = file;
        this.columns = columns;
    }

    /** Whether a file is a table by its name. */
    static boolean isTable(String name) {
        String extension = PictureNames.extension(name);
        return JSON.contains(extension) || SEPARATED.contains(extension);
    }

    @Override
    public void stamps(Stamps stamps) throws IOException {
        stamps.add(file.toString(), Storage.local().stamp(file.toString()));
    }

    @Override
    public void read(Sink sink) throws IOException {
        Rows rows = new Rows(sink);
        String extension = PictureNames.extension(file.getFileName().toString());
        if (JSON.contains(extension)) {
            readJson(rows);
        } else {
            readSeparated(extension.equals("tsv") ? '\t' : ',', rows);
        }
        rows.end();
    }

    private void readJson(Rows rows) throws IOException {
        String image = null;
        String caption = null;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file));
                MappingIterator<JsonNode> objects =
                        READER.readerFor(JsonNode.class).readValues(in)) {
            while (objects.hasNextValue()) {
                JsonNode object = objects.nextValue();
                if (image == null) {
                    Set<String> names = new TreeSet<>();
                    object.fieldNames().forEachRemaining(names::add);
                    image = columns.imageOf(names, file.toString());
                    caption = columns.captionOf(names, file.toString());
                }
                rows.add(object.path(image).asText(""), Caption.json(object.path(caption)));
            }
        } catch (JsonProcessingException e) {
            throw new IOException(
                    "%s is no JSON after line %d (%s); correct it"
                            .formatted(
                                    file,
                                    e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                                    e.getOriginalMessage()),
                    e);
        }
    }

    private void readSeparated(char separator, Rows rows) throws IOException {
        CSVFormat format =
                CSVFormat.DEFAULT
                        .builder()
                        .setDelimiter(separator)
                        .setHeader()
                        .setSkipHeaderRecord(true)
                        .setAllowMissingColumnNames(true)
                        .get();
        try (Reader reader = new InputStreamReader(withoutMark(file), StandardCharsets.UTF_8);
                CSVParser records = CSVParser.parse(reader, format)) {
            String image = columns.imageOf(records.getHeaderNames(), file.toString());
            String caption = columns.captionOf(records.getHeaderNames(), file.toString());
            for (CSVRecord row : records) {
                rows.add(cell(row, image), Caption.cell(cell(row, caption)));
            }
        } catch (UncheckedIOException | IllegalArgumentException e) {
            throw new IOException(
                    "%s cannot be read as %s (%s); correct it"
                            .formatted(
                                    file,
                                    PictureNames.extension(file.toString())
                                            .toUpperCase(Locale.ROOT),
                                    e.getMessage()),
                    e);
        }
    }

    private static String cell(CSVRecord row, String column) {
        return row.isSet(column) ? row.get(column) : "";
    }

    private static InputStream withoutMark(Path file) throws IOException {
        BufferedInputStream in = new BufferedInputStream(Files.newInputStream(file));
        in.mark(3);
        byte[] mark =
                new String(Character.toChars(BYTE_ORDER_MARK)).getBytes(StandardCharsets.UTF_8);
        if (!Arrays.equals(in.readNBytes(mark.length), mark)) {
            in.reset();
        }
        return in;
    }

    /** Puts together what belongs to one picture. */
    private final class Rows {
        private final Sink sink;
        private final List<String> captions = new ArrayList<>();
        private String path;
        private long row;

        Rows(Sink sink) {
            this.sink = sink;
        }

        void add(String nextPath, List<String> nextCaptions) throws IOException {
            row++;
            if (nextPath.isBlank()) {
                sink.leftOut("%s row %d".formatted(file, row), LeftOut.MISSING, "no path");
                return;
            }
            if (!nextPath.equals(path)) {
                end();
                path = nextPath;
            }
            captions.addAll(nextCaptions);
        }

        void end() throws IOException {
            if (path == null) {
                return;
            }
            try {
                Path picture = file.resolveSibling(path);
                if (Files.isRegularFile(picture)) {
                    sink.sample(
                            Place.whole(picture.toString()),
                            null,
                            List.copyOf(captions),
                            Painted.ELSEWHERE);
                } else {
                    sink.leftOut(picture.toString(), LeftOut.MISSING, "named in " + file);
                }
            } catch (InvalidPathException e) {
                sink.leftOut(
                        "%s row %d".formatted(file, row), LeftOut.MISSING, "its path is no path");
            }
            path = null;
            captions.clear();
        }
    }
}
