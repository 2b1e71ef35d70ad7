package dev.nocturne.runtime;

import java.nio.file.Path;
import java.util.Optional;

/** The part {@code s3} of a service's configuration. */
public interface ObjectStoreConfig {

    /** URL of an S3 API that takes path-style addresses. */
    String endpoint();

    /** {@value ObjectStoreSettings#DEFAULT_REGION} if left out. */
    Optional<String> region();

    /** With the secret key; both left out, AWS's own places are searched for keys. */
    Optional<String> accessKey();

    Optional<String> secretKey();

    /** Of temporary keys. */
    Optional<String> sessionToken();

    /** Certificates in PEM of authorities that are trusted beside Java's own. */
    Optional<Path> caFile();

    /**
     * {@value ObjectStoreSettings#DEFAULT_BUCKET} if left out; ingest-service creates it if it is
     * not there.
     */
    Optional<String> bucket();

    /** Of all keys, like {@code tenant-a/}, where the bucket is shared. */
    Optional<String> prefix();

    /** URL of the same S3 API as those know it who get links; the endpoint if left out. */
    Optional<String> publicEndpoint();
}
