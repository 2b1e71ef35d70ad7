package dev.nocturne.ingest.file;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;

/**
 * A file that this service keeps in the bucket.
 *
 * @param createdAt Unix seconds
 * @param expiresAt Unix seconds; null: it stays until somebody deletes it, and then it is left out,
 *     as earlier versions know no such field
 * @param filename the uploader's, only shown
 * @param purpose {@code batch} or {@code batch_output}
 * @param key of the object that holds its bytes
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StoredFile(
        String id,
        long bytes,
        long createdAt,
        Long expiresAt,
        String filename,
        String purpose,
        String key) {

    public boolean isExpired(Instant now) {
        return expiresAt != null && expiresAt <= now.getEpochSecond();
    }
}
