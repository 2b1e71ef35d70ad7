package dev.nocturne.training.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * WebDataset shards: tar archives in which the files of a sample follow each other and share what
 * is before the first dot of their names, its key. The captions are the lines of its {@code .txt},
 * or a field of its {@code .json}, in which the shards of our own jobs say how it was painted.
 */
final class ShardReader implements SampleReader {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int BUFFER_BYTES = 1 << 20;
    private static final long MOST_PICTURE_BYTES = 100 << 20;
    private static final long MOST_TEXT_BYTES = 1 << 20;

    private final List<String> shards;
    private final Columns columns;
    private final Storage storage;

    ShardReader(List<String> shards, Columns columns, Storage storage) {
        this.shards = shards;
        this.columns = columns;
        this.storage = storage;
    }

    @Override
    public void stamps(Stamps stamps) throws IOException {
        for (String shard : shards) {
            stamps.add(shard, storage.stamp(shard));
        }
    }

    @Override
    public void read(Sink sink) throws IOException {
        for (String shard : shards) {
            try (InputStream in = new BufferedInputStream(storage.open(shard), BUFFER_BYTES);
                    TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
                read(shard, tar, sink);
            }
        }
    }

    private void read(String shard, TarArchiveInputStream tar, Sink sink) throws IOException {
        Sample sample = new Sample("");
        String last = "";
        try {
            for (TarArchiveEntry entry = next(tar); entry != null; entry = next(tar)) {
                last = entry.getName();
                if (!entry.isFile() || PictureNames.isHidden(last)) {
                    continue;
                }
                String key = key(last);
                if (!key.equals(sample.key)) {
                    sample.tell(sink);
                    sample = new Sample(key);
                }
                take(shard, tar, entry, sample);
            }
        } catch (BrokenShardException e) {
            sink.leftOut(
                    shard,
                    LeftOut.DAMAGED,
                    "it breaks off after %s (%s)"
                            .formatted(last.isEmpty() ? "nothing" : last, e.getMessage()));
        }
        sample.tell(sink);
    }

    /** The bytes of a shard are not those of an archive, or end too soon. */
    private static final class BrokenShardException extends IOException {
        private static final long serialVersionUID = 1;

        BrokenShardException(String message) {
            super(message);
        }
    }

    /** Null at the end. */
    private static TarArchiveEntry next(TarArchiveInputStream tar) throws BrokenShardException {
        try {
            return tar.getNextEntry();
        } catch (IOException | IllegalArgumentException e) {
            throw new BrokenShardException(e.getMessage());
        }
    }

    /** What is before the first dot of the last name. */
    private static String key(String name) {
        int dot = name.indexOf('.', name.lastIndexOf('/') + 1);
        return dot < 0 ? name : name.substring(0, dot);
    }

    private void take(String shard, TarArchiveInputStream tar, TarArchiveEntry entry, Sample sample)
            throws IOException {
        String name = entry.getName();
        String extension = PictureNames.extension(name);
        if (PictureNames.isPicture(name)) {
            if (entry.getSize() > MOST_PICTURE_BYTES) {
                sample.tooLarge.add(shard + " " + name);
                return;
            }
            Place place = new Place(shard, tar.getBytesRead(), entry.getSize());
            sample.pictures.add(new Picture(place, bytes(tar, entry)));
        } else if (entry.getSize() <= MOST_TEXT_BYTES && extension.equals("txt")) {
            sample.lines = Caption.lines(bytes(tar, entry));
        } else if (entry.getSize() <= MOST_TEXT_BYTES && extension.equals("json")) {
            sample.take(object(bytes(tar, entry)));
        }
    }

    private static byte[] bytes(TarArchiveInputStream tar, TarArchiveEntry entry)
            throws BrokenShardException {
        byte[] bytes;
        try {
            bytes = tar.readNBytes((int) entry.getSize());
        } catch (IOException e) {
            throw new BrokenShardException(e.getMessage());
        }
        if (bytes.length < entry.getSize()) {
            throw new BrokenShardException("it ends too soon");
        }
        return bytes;
    }

    private static JsonNode object(byte[] json) throws IOException {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    /** Others' shards may have fields of these names, too. */
    private static Painted painted(JsonNode known) {
        JsonNode score = known.path("score");
        byte[] tokens;
        try {
            tokens = known.path("tokens").binaryValue();
        } catch (IOException e) {
            tokens = null; // not Base64
        }
        return new Painted(
                score.isNumber() ? OptionalDouble.of(score.doubleValue()) : OptionalDouble.empty(),
                tokens == null
                        ? DrawnTokens.UNKNOWN
                        : new DrawnTokens(known.path("dvae").asText(), tokens));
    }

    private record Picture(Place place, byte[] file) {}

    /** What has been read of one. */
    private final class Sample {
        private final String key;
        private final List<Picture> pictures = new ArrayList<>();
        private final List<String> tooLarge = new ArrayList<>();
        private List<String> lines = List.of();
        private List<String> fields = List.of();
        private Painted painted = Painted.ELSEWHERE;

        Sample(String key) {
            this.key = key;
        }

        /** What is known of it, as an object of JSON. */
        void take(JsonNode known) {
            Set<String> names = new TreeSet<>();
            known.fieldNames().forEachRemaining(names::add);
            fields =
                    columns.captionIn(names)
                            .map(caption -> Caption.json(known.path(caption)))
                            .orElse(List.of());
            painted = painted(known);
        }

        void tell(Sink sink) throws IOException {
            boolean asked = columns.caption().isPresent() && !fields.isEmpty();
            List<String> captions = asked || lines.isEmpty() ? fields : lines;
            for (Picture picture : pictures) {
                sink.sample(picture.place, picture.file, captions, painted);
            }
            for (String name : tooLarge) {
                sink.leftOut(name, LeftOut.DAMAGED, "more than 100 MiB");
            }
        }
    }
}
