package dev.nocturne.ingest;

/**
 * A file that this service keeps in the bucket.
 *
 * @param createdAt Unix seconds
 * @param filename the uploader's, only shown
 * @param purpose {@code batch} or {@code batch_output}
 * @param key of the object that holds its bytes
 */
public record StoredFile(
        String id, long bytes, long createdAt, String filename, String purpose, String key) {}
