package dev.nocturne.ingest.archive;

import dev.nocturne.schemas.Sha256;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Tar archives one after the other, {@code 00000.tar} and so on. One at a time is on the local
 * disk, until it is full. The same samples give the same bytes.
 */
public final class ShardSeries implements AutoCloseable {

    /** When a shard is full: by the first of these. */
    public record Limits(long bytes, int samples) {}

    /** Takes a shard that is whole; its file is deleted afterwards. */
    public interface Sink {
        void take(String name, Path shard, String sha256) throws IOException;
    }

    private final Path file;
    private final FileTime at;
    private final Limits limits;
    private final Sink sink;
    private int number; // of the shard that takes the next sample
    private int samples; // in it
    private MessageDigest digest;
    private TarArchiveOutputStream tar; // null before its first sample

    /**
     * @param file where a shard grows
     * @param at the time of all files in the shards
     */
    public ShardSeries(Path file, Instant at, Limits limits, Sink sink) {
        this.file = file;
        this.at = FileTime.from(Instant.ofEpochSecond(at.getEpochSecond())); // as tar keeps it
        this.limits = limits;
        this.sink = sink;
    }

    /** 0-based number of the shard that takes the next sample. */
    public int number() {
        return number;
    }

    /**
     * Adds files that belong together.
     *
     * @param files content by extension, in their order
     */
    public void add(String key, Map<String, byte[]> files) throws IOException {
        if (tar == null) {
            digest = Sha256.newDigest();
            tar =
                    new TarArchiveOutputStream(
                            new BufferedOutputStream(
                                    new DigestOutputStream(Files.newOutputStream(file), digest),
                                    1 << 16));
        }
        for (var content : files.entrySet()) {
            put("%s.%s".formatted(key, content.getKey()), content.getValue());
        }
        samples++;
        if (samples == limits.samples() || tar.getBytesWritten() >= limits.bytes()) {
            finish();
        }
    }

    private void put(String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        entry.setLastModifiedTime(at);
        entry.setUserName(""); // else it is that of whoever runs this
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    /** Hands the shard over that is not full, if there is one. */
    public void finish() throws IOException {
        if (tar == null) {
            return;
        }
        tar.close();
        tar = null;
        samples = 0;
        String name = "%05d.tar".formatted(number++);
        sink.take(name, file, HexFormat.of().formatHex(digest.digest()));
        Files.delete(file);
    }

    /** A shard that is not {@link #finish finished} is dropped. */
    @Override
    public void close() throws IOException {
        if (tar != null) {
            tar.close();
            tar = null;
            Files.delete(file);
        }
    }
}
