package dev.nocturne.ingest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.SeedJson;
import dev.nocturne.schemas.Sha256;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.function.Function;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * The pictures of a job as WebDataset shards, {@code webdataset/00000.tar} and so on: of each
 * picture one after the other the file, its caption as {@code .txt} and what is known of it as
 * {@code .json}, all three named by the request and the rank.
 *
 * <p>A shard is on the local disk until it is full, then in the bucket. The same pictures give the
 * same bytes.
 */
final class WebDataset implements AutoCloseable {

    static final Limits LIMITS = new Limits(256L << 20, 10_000);

    private static final String FOLDER = "webdataset/";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** When a shard is full: by the first of these. */
    record Limits(long bytes, int samples) {}

    /** Takes what the manifest says of a shard. */
    interface Shards {
        void add(JobFiles.Entry shard) throws IOException;
    }

    /** What is known of a picture. */
    @JsonNaming(SnakeCaseStrategy.class)
    record Sample(
            String customId,
            String model,
            int rank,
            @JsonSerialize(using = SeedJson.class) long seed,
            float score) {}

    private final ObjectStore store;
    private final String jobId;
    private final Path file;
    private final FileTime at;
    private final Limits limits;
    private final Shards shards;
    private int count; // of shards that are finished
    private int samples; // in the open shard
    private MessageDigest digest;
    private TarArchiveOutputStream tar; // null while no shard is open

    /** Of the keys of a job's shards. */
    static String prefix(String jobId) {
        return JobFiles.key(jobId, FOLDER);
    }

    /**
     * @param folder for one shard at a time
     * @param at the time of all files in the shards
     */
    WebDataset(
            ObjectStore store,
            String jobId,
            Path folder,
            Instant at,
            Limits limits,
            Shards shards) {
        this.store = store;
        this.jobId = jobId;
        this.file = folder.resolve("shard.tar");
        this.at = FileTime.from(Instant.ofEpochSecond(at.getEpochSecond())); // as tar keeps it
        this.limits = limits;
        this.shards = shards;
    }

    /**
     * @param model null if it is not known
     * @param pictures the bytes of each image; null where the bucket has none
     */
    void add(RequestResult result, String model, Function<ResultFile.Image, byte[]> pictures)
            throws IOException {
        byte[] caption = result.caption().getBytes(StandardCharsets.UTF_8);
        for (ResultFile.Image image : result.images()) {
            byte[] picture = pictures.apply(image);
            if (picture == null) {
                continue;
            }
            String name = image.fileName();
            String key = "%s-%d".formatted(result.requestId(), image.rank());
            open();
            put(key + name.substring(name.lastIndexOf('.')), picture);
            put(key + ".txt", caption);
            put(
                    key + ".json",
                    JSON.writeValueAsBytes(
                            new Sample(
                                    result.customId(),
                                    model,
                                    image.rank(),
                                    image.seed(),
                                    image.score())));
            samples++;
            if (samples == limits.samples() || tar.getBytesWritten() >= limits.bytes()) {
                finish();
            }
        }
    }

    private void open() throws IOException {
        if (tar == null) {
            digest = Sha256.newDigest();
            tar =
                    new TarArchiveOutputStream(
                            new BufferedOutputStream(
                                    new DigestOutputStream(Files.newOutputStream(file), digest),
                                    1 << 16));
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

    /** Puts the open shard into the bucket, if there is one. */
    void finish() throws IOException {
        if (tar == null) {
            return;
        }
        tar.close();
        tar = null;
        samples = 0;
        String name = "%05d.tar".formatted(count++);
        put(name);
        shards.add(
                new JobFiles.Entry(
                        FOLDER + name,
                        Files.size(file),
                        HexFormat.of().formatHex(digest.digest())));
        Files.delete(file);
    }

    private void put(String name) throws IOException {
        try {
            JobFiles.BUSY_STORE.retry(
                    () -> {
                        store.put(prefix(jobId) + name, file, "application/x-tar");
                        return name;
                    });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("closing");
        }
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
