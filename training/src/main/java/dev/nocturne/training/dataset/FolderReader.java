package dev.nocturne.training.dataset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A folder with all below it: pictures, each with a text file of the same stem that has one caption
 * a line. A folder with {@code metadata.jsonl} or {@code metadata.csv} is read by that table (the
 * imagefolder of Hugging Face's datasets), and shards that lie about are read as shards.
 *
 * <p>Links are followed, each folder is read once, and what is hidden is not looked at.
 */
final class FolderReader implements SampleReader {
    private static final List<String> TABLES = List.of("metadata.jsonl", "metadata.csv");

    private final Path root;
    private final Columns columns;
    private final Storage storage;

    FolderReader(Path root, Columns columns, Storage storage) {
        this.root = root;
        this.columns = columns;
        this.storage = storage;
    }

    /** What one file is to the walk. */
    private interface Visitor {
        void table(Path table) throws IOException;

        void shard(Path shard) throws IOException;

        /**
         * @param text its captions' file, if there is one
         */
        void picture(Path picture, Optional<Path> text) throws IOException;

        void other(Path file) throws IOException;

        /** A link that leads nowhere. */
        void nothing(Path file) throws IOException;
    }

    @Override
    public void read(Sink sink) throws IOException {
        walk(
                root,
                new HashSet<>(),
                new Visitor() {
                    @Override
                    public void table(Path table) throws IOException {
                        new TableReader(table, columns).read(sink);
                    }

                    @Override
                    public void shard(Path shard) throws IOException {
                        new ShardReader(List.of(shard.toString()), columns, storage).read(sink);
                    }

                    @Override
                    public void picture(Path picture, Optional<Path> text) throws IOException {
                        List<String> captions =
                                text.isEmpty()
                                        ? List.of()
                                        : Caption.lines(Files.readAllBytes(text.get()));
                        sink.sample(
                                Place.whole(picture.toString()), null, captions, Painted.ELSEWHERE);
                    }

                    @Override
                    public void other(Path file) throws IOException {
                        Optional<PictureNames.Content> content = PictureNames.content(file);
                        if (content.isPresent()) {
                            sink.leftOut(
                                    file.toString(),
                                    LeftOut.UNREAD_FORMAT,
                                    content.get().format() + ": save it as JPEG or PNG");
                        }
                    }

                    @Override
                    public void nothing(Path file) throws IOException {
                        if (PictureNames.isPicture(file.toString())) {
                            sink.leftOut(file.toString(), LeftOut.MISSING, "a link to nowhere");
                        }
                    }
                });
    }

    @Override
    public void stamps(Stamps stamps) throws IOException {
        walk(
                root,
                new HashSet<>(),
                new Visitor() {
                    @Override
                    public void table(Path table) throws IOException {
                        add(table);
                    }

                    @Override
                    public void shard(Path shard) throws IOException {
                        add(shard);
                    }

                    @Override
                    public void picture(Path picture, Optional<Path> text) throws IOException {
                        add(picture);
                        if (text.isPresent()) {
                            add(text.get());
                        }
                    }

                    @Override
                    public void other(Path file) {
                        // nothing is read of it
                    }

                    @Override
                    public void nothing(Path file) {
                        // as it says
                    }

                    private void add(Path file) throws IOException {
                        stamps.add(file.toString(), storage.stamp(file.toString()));
                    }
                });
    }

    /**
     * @param seen the real paths of the folders that were read
     */
    private static void walk(Path folder, Set<Path> seen, Visitor visitor) throws IOException {
        if (!seen.add(folder.toRealPath())) {
            return;
        }
        TreeSet<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.map(file -> file.getFileName().toString())
                    .filter(name -> !PictureNames.isHidden(name))
                    .forEach(names::add);
        }
        Optional<String> table = TABLES.stream().filter(names::contains).findFirst();
        if (table.isPresent()) {
            visitor.table(folder.resolve(table.get()));
            return;
        }
        for (String name : names) {
            Path file = folder.resolve(name);
            if (Files.isDirectory(file)) {
                walk(file, seen, visitor);
            } else if (Files.isRegularFile(file)) {
                visit(file, names, visitor);
            } else {
                visitor.nothing(file);
            }
        }
    }

    private static void visit(Path file, Set<String> names, Visitor visitor) throws IOException {
        String name = file.getFileName().toString();
        String extension = PictureNames.extension(name);
        boolean picture =
                PictureNames.isPicture(name)
                        || !extension.equals("txt")
                                && PictureNames.content(file).filter(c -> c.read()).isPresent();
        if (picture) {
            Optional<Path> text =
                    Stream.of(".txt", ".TXT", ".Txt")
                            .map(end -> PictureNames.stem(name) + end)
                            .filter(names::contains)
                            .findFirst()
                            .map(file::resolveSibling);
            visitor.picture(file, text);
        } else if (extension.equals("tar")) {
            visitor.shard(file);
        } else {
            visitor.other(file);
        }
    }
}
