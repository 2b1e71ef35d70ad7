package dev.nocturne.runtime;

/** An S3 endpoint (path style) and the bucket in it. */
public record ObjectStoreSettings(
        String endpoint, String region, String accessKey, String secretKey, String bucket) {

    /** Fit for a log: without the secret key. */
    @Override
    public String toString() {
        return "%s (region %s), bucket %s, access key %s"
                .formatted(endpoint, region, bucket, accessKey);
    }
}
