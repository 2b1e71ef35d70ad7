package dev.nocturne.training.dataset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which kind of place {@code --data} names. */
final class DataPlaces {
    /** {@code {00000..00099}}, as WebDataset and shells write it. */
    private static final Pattern RANGE = Pattern.compile("\\{(\\d+)\\.\\.(\\d+)}");

    private static final String SHARD = ".tar";

    private DataPlaces() {}

    /**
     * @throws IOException if there is nothing, or nothing that can be read
     */
    static SampleReader of(String data, Columns columns, Storage storage) throws IOException {
        if (data.endsWith(".gz") || data.endsWith(".tgz") || data.endsWith(".zst")) {
            throw new IOException(
                    "%s is compressed, and pictures are read from the middle of shards: unpack it"
                            .formatted(data));
        }
        if (Storage.isObject(data) && !data.endsWith(SHARD)) {
            List<String> shards =
                    storage.objects(data).filter(object -> object.endsWith(SHARD)).toList();
            if (shards.isEmpty()) {
                throw new IOException(
                        "%s has no objects that end with .tar; correct --data".formatted(data));
            }
            return new ShardReader(shards, columns, storage);
        }
        if (data.endsWith(SHARD)) {
            return new ShardReader(expanded(data), columns, storage);
        }
        Path path = Path.of(data);
        if (Files.isDirectory(path)) {
            return new FolderReader(path, columns, storage);
        }
        if (Files.isRegularFile(path) && TableReader.isTable(data)) {
            return new TableReader(path, columns);
        }
        throw new IOException(
                "%s is not there, or no folder, no .tar and no .csv, .tsv, .jsonl or .json; correct --data"
                        .formatted(data));
    }

    /** The names that a pattern of ranges stands for, in order. */
    static List<String> expanded(String pattern) {
        Matcher range = RANGE.matcher(pattern);
        if (!range.find()) {
            return List.of(pattern);
        }
        int digits = range.group(1).length();
        long last = Long.parseLong(range.group(2));
        List<String> names = new ArrayList<>();
        for (long number = Long.parseLong(range.group(1)); number <= last; number++) {
            String written = ("%0" + digits + "d").formatted(number);
            names.addAll(
                    expanded(
                            pattern.substring(0, range.start())
                                    + written
                                    + pattern.substring(range.end())));
        }
        return names;
    }
}
