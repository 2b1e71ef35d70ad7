package dev.nocturne.runtime;

import dev.nocturne.schemas.ReasonCodes;
import io.minio.errors.ErrorResponseException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;

/** What the failures of an S3 store mean: who can mend them, and how. */
final class S3Failures {

    private static final Set<String> NEEDS_A_PERSON =
            Set.of(
                    "ExpiredToken",
                    "InvalidAccessKeyId",
                    "InvalidBucketName",
                    "InvalidToken",
                    "NoSuchBucket",
                    "SignatureDoesNotMatch");
    private static final Set<String> OTHER_REGION =
            Set.of("AuthorizationHeaderMalformed", "IllegalLocationConstraintException");
    private static final Set<String> BUSY =
            Set.of("OperationAborted", "RequestTimeout", "SlowDown", "TooManyRequests");
    private static final String ACCESS_DENIED = "AccessDenied";
    private static final String BUCKET_REGION = "x-amz-bucket-region";
    private static final int MOST_WORDS = 300;

    private final ObjectStoreSettings settings;
    private final Clock clock;

    S3Failures(ObjectStoreSettings settings, Clock clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /** Where the bucket is, if the answer tells it and that is another region. */
    static Optional<String> otherRegion(String region, ErrorResponseException e) {
        return Optional.ofNullable(e.response().header(BUCKET_REGION))
                .filter(theirs -> !theirs.equals(region));
    }

    /**
     * @param name the key, or the bucket
     * @param region that the request was signed for
     */
    StageException classify(S3Action action, String name, String region, ErrorResponseException e) {
        String code = e.errorResponse().code();
        int status = e.response().code();
        String message =
                "object store %s: %s: %s (HTTP %d)"
                        .formatted(settings.endpoint(), action.of(name), code, status);
        Optional<String> wrongClock =
                status == 403
                        ? ClockDifference.describe(e.response().header("Date"), clock.instant())
                        : Optional.empty();
        if (wrongClock.isPresent()) {
            return new TransientException(message + ": " + wrongClock.get(), e);
        }
        if (code.equals(ACCESS_DENIED)) {
            return new FatalException(message + ": " + permission(action), e);
        }
        if (OTHER_REGION.contains(code) || otherRegion(region, e).isPresent()) {
            return new FatalException(message + ": " + regions(region, e), e);
        }
        if (NEEDS_A_PERSON.contains(code)) {
            return new FatalException(
                    message + ": check the bucket, the access key and the secret key", e);
        }
        if (status >= 500 || BUSY.contains(code)) {
            return new TransientException(message, e);
        }
        return new PermanentException(ReasonCodes.STORAGE_ERROR, message, e);
    }

    private String permission(S3Action action) {
        String bucket = settings.bucket();
        if (action.needsListToo()) {
            return "the keys lack a permission: %s on %s/%s*, or s3:ListBucket on %s, without which a missing object is answered so"
                    .formatted(action.permission(), bucket, settings.prefix(), bucket);
        }
        boolean ofBucket = action.permission().endsWith("Bucket");
        return "the keys lack a permission: %s on %s"
                .formatted(
                        action.permission(),
                        ofBucket ? bucket : "%s/%s*".formatted(bucket, settings.prefix()));
    }

    private String regions(String region, ErrorResponseException e) {
        String advice =
                "requests are signed for region %s: set NOCTURNE_S3_REGION to the region of bucket %s"
                        .formatted(region, settings.bucket());
        Optional<String> theirs = otherRegion(region, e);
        if (theirs.isPresent()) {
            return "%s, which is %s".formatted(advice, theirs.get());
        }
        String words = e.errorResponse().message();
        return words == null || words.isBlank()
                ? advice
                : "%s (the store says: %s)"
                        .formatted(
                                advice, words.substring(0, Math.min(words.length(), MOST_WORDS)));
    }

    /** The SDK wraps: an IllegalStateException is what it throws where the network fails. */
    RuntimeException classify(S3Action action, String name, Exception e) {
        if (isCausedBy(CertificateException.class, e)) {
            return new TransientException(
                    "object store %s: %s: its certificate is not believed (%s): name its authority in NOCTURNE_S3_CA_FILE"
                            .formatted(settings.endpoint(), action.of(name), e.getMessage()),
                    e);
        }
        if (!isCausedBy(IOException.class, e)) {
            if (isCausedBy(GeneralSecurityException.class, e)) {
                return new FatalException("this Java platform cannot sign requests: " + e, e);
            }
            if (e instanceof RuntimeException defect) {
                return defect;
            }
        }
        return new TransientException(
                "object store %s: %s: %s"
                        .formatted(settings.endpoint(), action.of(name), e.getMessage()),
                e);
    }

    private static boolean isCausedBy(Class<? extends Throwable> kind, Throwable e) {
        Throwable cause = e;
        while (cause != null && !kind.isInstance(cause)) {
            cause = cause.getCause();
        }
        return cause != null;
    }
}
