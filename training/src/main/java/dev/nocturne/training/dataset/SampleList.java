package dev.nocturne.training.dataset;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Samples on disk: where each picture lies, its captions and its hash. A sample is read by its
 * number; none is kept in memory. Thread-safe.
 *
 * <p>{@code NAME.samples} has records of one length, {@code NAME.text} all else as JSON.
 */
final class SampleList implements Closeable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Offset and length of the text, offset and length of the picture, hash. */
    private static final int RECORD_BYTES = 8 + 4 + 8 + 8 + 8;

    private final FileChannel samples;
    private final FileChannel text;
    private final long size;

    /**
     * @param hash of the pixels: copies of a picture have the same
     */
    record Sample(Place place, List<String> captions, DrawnTokens drawn, long hash) {}

    /** What of it is in {@code NAME.text}. */
    private record Text(String file, List<String> captions, DrawnTokens drawn) {}

    private SampleList(FileChannel samples, FileChannel text, long size) {
        this.samples = samples;
        this.text = text;
        this.size = size;
    }

    static SampleList open(Path folder, String name) throws IOException {
        FileChannel samples = FileChannel.open(folder.resolve(name + ".samples"));
        return new SampleList(
                samples,
                FileChannel.open(folder.resolve(name + ".text")),
                samples.size() / RECORD_BYTES);
    }

    long size() {
        return size;
    }

    /**
     * @param number from 0 to {@code size() - 1}
     */
    Sample get(long number) throws IOException {
        ByteBuffer sample = ByteBuffer.allocate(RECORD_BYTES);
        Storage.readFully(samples, sample, number * RECORD_BYTES);
        sample.flip();
        long textOffset = sample.getLong();
        ByteBuffer words = ByteBuffer.allocate(sample.getInt());
        Storage.readFully(text, words, textOffset);
        Text read = JSON.readValue(words.array(), Text.class);
        Place place = new Place(read.file, sample.getLong(), sample.getLong());
        return new Sample(place, read.captions, read.drawn, sample.getLong());
    }

    @Override
    public void close() throws IOException {
        samples.close();
        text.close();
    }

    /** Writes a list from its first sample on. */
    static final class Writer implements Closeable {
        private final DataOutputStream samples;
        private final BufferedOutputStream text;
        private long textBytes;
        private long size;

        Writer(Path folder, String name) throws IOException {
            samples = stream(folder.resolve(name + ".samples"));
            text = new BufferedOutputStream(Files.newOutputStream(folder.resolve(name + ".text")));
        }

        private static DataOutputStream stream(Path file) throws IOException {
            return new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
        }

        long size() {
            return size;
        }

        void add(Sample sample) throws IOException {
            byte[] words =
                    JSON.writeValueAsBytes(
                            new Text(sample.place.file(), sample.captions, sample.drawn));
            text.write(words);
            samples.writeLong(textBytes);
            samples.writeInt(words.length);
            samples.writeLong(sample.place.offset());
            samples.writeLong(sample.place.length());
            samples.writeLong(sample.hash);
            textBytes += words.length;
            size++;
        }

        @Override
        public void close() throws IOException {
            samples.close();
            text.close();
        }
    }
}
