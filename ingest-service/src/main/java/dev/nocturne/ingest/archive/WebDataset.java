package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.PictureHeader;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The pictures of a job as WebDataset shards: of each picture one after the other the file, its
 * caption as {@code .txt} and what is known of it as {@code .json}. A key is the number of the
 * shard and that of the picture among all of the job, so keys are in the order of the input.
 *
 * <p>Loaders take the kinds of files of the first sample for those of all. So a shard has pictures
 * of one format: {@code webdataset/00000.tar} and so on, or, in a job of several formats, a folder
 * each, {@code webdataset-png/00000.tar}.
 */
final class WebDataset implements AutoCloseable {

    static final ShardSeries.Limits LIMITS = new ShardSeries.Limits(256L << 20, 10_000);

    private static final String FOLDER = "webdataset";
    private static final int LEAST_DIGITS = 6;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /**
     * What a job has painted.
     *
     * @param extensions of the pictures' files
     */
    record Pictures(int count, Set<String> extensions) {}

    /** Takes what the manifest says of a shard. */
    interface Shards {
        void add(JobFile shard) throws IOException;
    }

    /**
     * What is known of a picture. The first fields are named as img2dataset names them; each has
     * one type in all samples, as tables want it, so nothing is null. The samples of a model
     * without CLIP have no score.
     *
     * @param width in pixels, 0 if the picture cannot be read
     * @param model empty if it is not known
     * @param dvae id of the one whose tokens they are; empty if it is not known
     * @param tokens what was drawn, uint16 little-endian in raster order, Base64; empty if they are
     *     not known. A dVAE that reads the picture finds others for some of them
     */
    @JsonNaming(SnakeCaseStrategy.class)
    record Sample(
            String key,
            String caption,
            int width,
            int height,
            String sha256,
            String customId,
            String model,
            int rank,
            long seed,
            @JsonInclude(JsonInclude.Include.NON_NULL) Float score,
            double logProbability,
            String dvae,
            byte[] tokens) {}

    private final ObjectStore store;
    private final String jobId;
    private final Path folder;
    private final Instant at;
    private final ShardSeries.Limits limits;
    private final Pictures pictures;
    private final Shards shards;
    private final String keyFormat;
    private final Map<String, ShardSeries> seriesByExtension = new TreeMap<>();
    private int next; // number of the next picture

    /** Of the keys of a job's shards, in whichever folder. */
    static String prefix(String jobId) {
        return JobKeys.key(jobId, FOLDER);
    }

    /**
     * @param folder for one shard of each format at a time
     * @param at the time of all files in the shards
     * @param pictures all that will be added
     */
    WebDataset(
            ObjectStore store,
            String jobId,
            Path folder,
            Instant at,
            ShardSeries.Limits limits,
            Pictures pictures,
            Shards shards) {
        this.store = store;
        this.jobId = jobId;
        this.folder = folder;
        this.at = at;
        this.limits = limits;
        this.pictures = pictures;
        this.shards = shards;
        int digits = Math.max(LEAST_DIGITS, String.valueOf(pictures.count()).length());
        this.keyFormat = "%05d-%0" + digits + "d";
    }

    /**
     * @param kept what is known of the request beside its result; null if nothing is
     * @param bytes of each image; null where the bucket has none
     */
    void add(RequestResult result, ResultFile kept, Function<ResultFile.Image, byte[]> bytes)
            throws IOException {
        for (ResultFile.Image image : result.images()) {
            int number = next++; // also of one that is gone: the others keep their keys
            byte[] picture = bytes.apply(image);
            if (picture == null) {
                continue;
            }
            ShardSeries series = seriesByExtension.computeIfAbsent(image.extension(), this::series);
            String key = keyFormat.formatted(series.number(), number);
            Map<String, byte[]> files = new LinkedHashMap<>();
            files.put(image.extension(), picture);
            files.put("txt", result.caption().getBytes(StandardCharsets.UTF_8));
            files.put("json", JSON.writeValueAsBytes(sample(key, result, kept, image, picture)));
            series.add(key, files);
        }
    }

    private static Sample sample(
            String key,
            RequestResult result,
            ResultFile kept,
            ResultFile.Image image,
            byte[] picture) {
        int width = 0;
        int height = 0;
        try {
            PictureHeader header = PictureHeader.of(picture);
            width = header.width();
            height = header.height();
        } catch (IllegalArgumentException e) {
            // somebody has overwritten it; the archive has what the bucket has
        }
        return new Sample(
                key,
                result.caption(),
                width,
                height,
                image.sha256(),
                result.customId(),
                kept == null || kept.model() == null ? "" : kept.model(),
                image.rank(),
                image.seed(),
                image.score(),
                image.logProbability(),
                kept == null || kept.dvae() == null ? "" : kept.dvae(),
                tokens(kept, image));
    }

    private static byte[] tokens(ResultFile kept, ResultFile.Image image) {
        return Stream.ofNullable(kept)
                .flatMap(known -> known.ranking().stream())
                .filter(drawn -> drawn.candidate() == image.candidate() && drawn.tokens() != null)
                .map(ResultFile.Candidate::tokens)
                .findFirst()
                .orElse(new byte[0]);
    }

    private ShardSeries series(String extension) {
        boolean isMixed = pictures.extensions().size() > 1;
        String series = isMixed ? "%s-%s/".formatted(FOLDER, extension) : FOLDER + "/";
        return new ShardSeries(
                folder.resolve("shard.%s.tar".formatted(extension)),
                at,
                limits,
                (name, shard, sha256) -> put(series + name, shard, sha256));
    }

    private void put(String name, Path shard, String sha256) throws IOException {
        try {
            StoredRequests.BUSY_STORE.retry(
                    () -> {
                        store.put(JobKeys.key(jobId, name), shard, "application/x-tar");
                        return name;
                    });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("closing");
        }
        shards.add(new JobFile(name, Files.size(shard), sha256));
    }

    /** Puts the shards that are not full into the bucket. */
    void finish() throws IOException {
        for (ShardSeries series : seriesByExtension.values()) {
            series.finish();
        }
    }

    /** Shards that are not {@link #finish finished} are dropped. */
    @Override
    public void close() throws IOException {
        for (ShardSeries series : seriesByExtension.values()) {
            series.close();
        }
    }
}
