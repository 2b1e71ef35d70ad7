package dev.nocturne.runtime;

/**
 * An S3 endpoint (path style) and the bucket in it.
 *
 * @param prefix of all keys, so that others can share the bucket: empty, or names that each end
 *     with a slash
 * @param publicEndpoint the endpoint as those know it who get links
 */
public record ObjectStoreSettings(
        String endpoint,
        String region,
        String accessKey,
        String secretKey,
        String bucket,
        String prefix,
        String publicEndpoint) {

    /** The last slash of the prefix may be left out. */
    public ObjectStoreSettings {
        prefix = prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/";
    }

    /** A bucket of one's own, at an address that is the same for everybody. */
    public ObjectStoreSettings(
            String endpoint, String region, String accessKey, String secretKey, String bucket) {
        this(endpoint, region, accessKey, secretKey, bucket, "", endpoint);
    }

    /** Fit for a log: without the secret key. */
    @Override
    public String toString() {
        return "%s (region %s), bucket %s, prefix '%s', access key %s"
                .formatted(endpoint, region, bucket, prefix, accessKey);
    }
}
