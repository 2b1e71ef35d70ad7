package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.file.StoreAccess;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.runtime.ObjectStore;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Links to the files of a finished job, in the order of its manifest; one is in memory. */
public final class JobLinks {

    private static final Duration DEFAULT = Duration.ofHours(1);
    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .addModule(new JavaTimeModule())
                    .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                    .build();

    /**
     * A file of a job, and where anybody can get it.
     *
     * @param name in the manifest
     * @param expiresAt the store refuses the url afterwards
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Link(String name, String url, Instant expiresAt, long bytes, String sha256) {}

    private final ObjectStore store;
    private final String jobId;
    private final Duration validity;
    private final Instant expiresAt;
    private final InputStream manifest;

    /**
     * @param manifest the job's, read and closed by {@link #write}
     */
    public JobLinks(
            ObjectStore store, String jobId, Duration validity, Instant now, InputStream manifest) {
        this.store = store;
        this.jobId = jobId;
        this.validity = validity;
        this.manifest = manifest;
        this.expiresAt = now.plus(validity).truncatedTo(ChronoUnit.SECONDS);
    }

    /**
     * @param text seconds; null: an hour
     * @throws IngestException INVALID
     */
    public static Duration validity(String text) {
        if (text == null) {
            return DEFAULT;
        }
        long longest = ObjectStore.LONGEST_LINK.toSeconds();
        try {
            long seconds = Long.parseLong(text);
            if (seconds >= 1 && seconds <= longest) {
                return Duration.ofSeconds(seconds);
            }
        } catch (NumberFormatException e) {
            // no number at all is as wrong as a wrong one
        }
        throw IngestException.invalid(
                "expires_in",
                "expires_in is '%s': must be 1 to %d seconds, which are 7 days"
                        .formatted(Excerpt.of(text), longest));
    }

    /**
     * Writes a JSON object a line.
     *
     * @throws IngestException UNAVAILABLE
     */
    public void write(OutputStream out) throws IOException {
        StoreAccess.ask(
                () -> {
                    writeLines(new BufferedOutputStream(out, 1 << 16));
                    return null;
                });
    }

    private void writeLines(OutputStream lines) throws IOException {
        try (manifest) {
            JobManifest.read(
                    manifest,
                    file -> {
                        lines.write(JSON.writeValueAsBytes(link(file)));
                        lines.write('\n');
                    });
        }
        lines.flush();
    }

    private Link link(JobFile file) {
        String key = JobKeys.key(jobId, file.name());
        return new Link(
                file.name(), store.link(key, validity), expiresAt, file.bytes(), file.sha256());
    }
}
