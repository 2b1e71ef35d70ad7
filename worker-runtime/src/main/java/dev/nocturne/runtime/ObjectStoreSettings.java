package dev.nocturne.runtime;

import java.nio.file.Path;
import java.util.Optional;

/**
 * An S3 endpoint (path style) and the bucket in it.
 *
 * @param keys empty: those that AWS's tools would find, a role's for example
 * @param caFile certificates in PEM of authorities that are trusted beside Java's own
 * @param prefix of all keys, so that others can share the bucket: empty, or names that each end
 *     with a slash
 * @param publicEndpoint the endpoint as those know it who get links
 */
public record ObjectStoreSettings(
        String endpoint,
        String region,
        Optional<Keys> keys,
        Optional<Path> caFile,
        String bucket,
        String prefix,
        String publicEndpoint) {

    static final String DEFAULT_REGION = "us-east-1";
    static final String DEFAULT_BUCKET = "nocturne";

    /**
     * @param sessionToken null if the keys are for good
     */
    public record Keys(String accessKey, String secretKey, String sessionToken) {

        /**
         * @throws FatalException if there is only a part of them
         */
        public static Optional<Keys> of(
                Optional<String> accessKey,
                Optional<String> secretKey,
                Optional<String> sessionToken) {
            if (accessKey.isPresent() != secretKey.isPresent()
                    || sessionToken.isPresent() && accessKey.isEmpty()) {
                throw new FatalException(
                        "NOCTURNE_S3_ACCESS_KEY and NOCTURNE_S3_SECRET_KEY must be set both, and with NOCTURNE_S3_SESSION_TOKEN; or none of them, for AWS's own settings");
            }
            return accessKey.map(
                    access -> new Keys(access, secretKey.get(), sessionToken.orElse(null)));
        }

        /** Fit for a log: without what is secret. */
        @Override
        public String toString() {
            return "access key " + accessKey + (sessionToken == null ? "" : " of a session");
        }
    }

    /** The last slash of the prefix may be left out. */
    public ObjectStoreSettings {
        prefix = prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/";
    }

    /**
     * @throws FatalException if there is only a part of the keys
     */
    public static ObjectStoreSettings of(ObjectStoreConfig config) {
        return new ObjectStoreSettings(
                config.endpoint(),
                config.region().orElse(DEFAULT_REGION),
                Keys.of(config.accessKey(), config.secretKey(), config.sessionToken()),
                config.caFile(),
                config.bucket().orElse(DEFAULT_BUCKET),
                config.prefix().orElse(""),
                config.publicEndpoint().orElse(config.endpoint()));
    }

    /** With keys for good, and no authority of one's own. */
    public ObjectStoreSettings(
            String endpoint,
            String region,
            String accessKey,
            String secretKey,
            String bucket,
            String prefix,
            String publicEndpoint) {
        this(
                endpoint,
                region,
                Optional.of(new Keys(accessKey, secretKey, null)),
                Optional.empty(),
                bucket,
                prefix,
                publicEndpoint);
    }

    /** A bucket of one's own, at an address that is the same for everybody. */
    public ObjectStoreSettings(
            String endpoint, String region, String accessKey, String secretKey, String bucket) {
        this(endpoint, region, accessKey, secretKey, bucket, "", endpoint);
    }

    /** Fit for a log: without the secret key. */
    @Override
    public String toString() {
        return "%s (region %s), bucket %s, prefix '%s', %s"
                .formatted(
                        endpoint,
                        region,
                        bucket,
                        prefix,
                        keys.map(Keys::toString).orElse("keys from AWS's settings"));
    }
}
