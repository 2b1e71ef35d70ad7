package dev.nocturne.runtime;

import dev.nocturne.schemas.ReasonCodes;
import io.minio.BucketExistsArgs;
import io.minio.GetObjectArgs;
import io.minio.GetPresignedObjectUrlArgs;
import io.minio.Http;
import io.minio.ListObjectsArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import io.minio.RemoveObjectArgs;
import io.minio.Result;
import io.minio.StatObjectArgs;
import io.minio.errors.ErrorResponseException;
import io.minio.errors.MinioException;
import io.minio.messages.Item;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The S3 API and nothing beyond it, through the MinIO SDK. */
final class S3ObjectStore implements ObjectStore {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration TRANSFER_TIMEOUT = Duration.ofSeconds(60);

    private static final Set<String> NOT_FOUND = Set.of("NoSuchKey", "NoSuchObject");
    private static final Set<String> BUCKET_IS_THERE =
            Set.of("BucketAlreadyOwnedByYou", "BucketAlreadyExists");
    private static final Set<String> NEEDS_A_PERSON =
            Set.of(
                    "AccessDenied",
                    "AuthorizationHeaderMalformed",
                    "ExpiredToken",
                    "InvalidAccessKeyId",
                    "InvalidBucketName",
                    "InvalidToken",
                    "NoSuchBucket",
                    "SignatureDoesNotMatch");
    private static final Set<String> BUSY =
            Set.of("OperationAborted", "RequestTimeout", "SlowDown", "TooManyRequests");

    /** Each name is plain, so that a key means the same in every store. */
    private static final Pattern PREFIX = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*/)*");

    private final ObjectStoreSettings settings;
    private final Clock clock;
    private final MinioClient client;
    private final MinioClient signer; // of links; asks nothing of the store

    /**
     * @param clock the one that requests are signed by
     */
    S3ObjectStore(ObjectStoreSettings settings, Clock clock) {
        this.settings = settings;
        this.clock = clock;
        if (!PREFIX.matcher(settings.prefix()).matches()) {
            throw new FatalException(
                    "S3 prefix '%s': write it like tenant-a/, in letters, digits, '.', '_' and '-'"
                            .formatted(settings.prefix()));
        }
        client = client(settings, settings.endpoint());
        signer =
                settings.publicEndpoint().equals(settings.endpoint())
                        ? client
                        : client(settings, settings.publicEndpoint());
        client.setTimeout(
                CONNECT_TIMEOUT.toMillis(),
                TRANSFER_TIMEOUT.toMillis(),
                TRANSFER_TIMEOUT.toMillis());
        // one attempt: whoever asks the store repeats by a Backoff
        client.setRetry(Set.of(), 0L, 1);
    }

    private static MinioClient client(ObjectStoreSettings settings, String endpoint) {
        try {
            MinioClient.Builder client =
                    MinioClient.builder()
                            .endpoint(endpoint)
                            .region(settings.region())
                            .credentialsProvider(S3Access.credentials(settings.keys()));
            settings.caFile().ifPresent(file -> client.httpClient(S3Access.http(file)));
            return client.build();
        } catch (IllegalArgumentException e) {
            throw new FatalException("S3 endpoint '%s': %s".formatted(endpoint, e.getMessage()), e);
        }
    }

    /** Where the object is in the bucket: here alone keys have their prefix. */
    private String name(String key) {
        return settings.prefix() + key;
    }

    @Override
    public boolean hasBucket() {
        String bucket = settings.bucket();
        return request(
                "look for bucket " + bucket,
                () -> client.bucketExists(BucketExistsArgs.builder().bucket(bucket).build()));
    }

    @Override
    public void ensureBucket() {
        if (!hasBucket()) {
            request(
                    "create bucket " + settings.bucket(),
                    () -> {
                        makeBucket(settings.bucket());
                        return null;
                    });
        }
    }

    /** Another service may make the bucket at the same time. */
    private void makeBucket(String bucket) throws MinioException {
        try {
            client.makeBucket(MakeBucketArgs.builder().bucket(bucket).build());
        } catch (ErrorResponseException e) {
            if (!BUCKET_IS_THERE.contains(e.errorResponse().code())) {
                throw e;
            }
        }
    }

    @Override
    public void put(String key, byte[] bytes, String contentType) {
        PutObjectArgs args =
                PutObjectArgs.builder().bucket(settings.bucket()).object(name(key)).stream(
                                new ByteArrayInputStream(bytes), (long) bytes.length, -1L)
                        .contentType(contentType)
                        .build();
        request("put " + key, () -> client.putObject(args));
    }

    @Override
    public void put(String key, Path file, String contentType) {
        request(
                "put " + key,
                () -> {
                    try (InputStream in = Files.newInputStream(file)) {
                        return client.putObject(
                                PutObjectArgs.builder()
                                        .bucket(settings.bucket())
                                        .object(name(key))
                                        .stream(in, Files.size(file), -1L)
                                        .contentType(contentType)
                                        .build());
                    }
                });
    }

    @Override
    public byte[] get(String key) {
        return request("get " + key, () -> read(key));
    }

    @Override
    public Optional<byte[]> find(String key) {
        return request("get " + key, () -> ifThere(() -> read(key)));
    }

    private byte[] read(String key) throws MinioException, IOException {
        try (InputStream in = client.getObject(getArgs(key))) {
            return in.readAllBytes();
        }
    }

    @Override
    public InputStream open(String key) {
        return request("get " + key, () -> client.getObject(getArgs(key)));
    }

    private GetObjectArgs getArgs(String key) {
        return GetObjectArgs.builder().bucket(settings.bucket()).object(name(key)).build();
    }

    @Override
    public void delete(String key) {
        RemoveObjectArgs args =
                RemoveObjectArgs.builder().bucket(settings.bucket()).object(name(key)).build();
        request(
                "delete " + key,
                () -> {
                    client.removeObject(args);
                    return null;
                });
    }

    @Override
    public boolean exists(String key) {
        StatObjectArgs args =
                StatObjectArgs.builder().bucket(settings.bucket()).object(name(key)).build();
        return request("stat " + key, () -> ifThere(() -> client.statObject(args)).isPresent());
    }

    @Override
    public List<String> list(String prefix) {
        ListObjectsArgs args =
                ListObjectsArgs.builder()
                        .bucket(settings.bucket())
                        .prefix(name(prefix))
                        .recursive(true)
                        .build();
        return request(
                "list " + prefix,
                () -> {
                    List<String> keys = new ArrayList<>();
                    for (Result<Item> item : client.listObjects(args)) {
                        keys.add(item.get().objectName().substring(settings.prefix().length()));
                    }
                    return keys;
                });
    }

    @Override
    public String link(String key, Duration validity) {
        GetPresignedObjectUrlArgs args =
                GetPresignedObjectUrlArgs.builder()
                        .method(Http.Method.GET)
                        .bucket(settings.bucket())
                        .object(name(key))
                        .expiry((int) validity.toSeconds())
                        .build();
        return request("link " + key, () -> signer.getPresignedObjectUrl(args));
    }

    private interface Request<T> {
        T run() throws MinioException, IOException;
    }

    /** Empty if the store says that the object is not there. */
    private static <T> Optional<T> ifThere(Request<T> request) throws MinioException, IOException {
        try {
            return Optional.of(request.run());
        } catch (ErrorResponseException e) {
            if (NOT_FOUND.contains(e.errorResponse().code())) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private <T> T request(String what, Request<T> request) {
        try {
            return request.run();
        } catch (ErrorResponseException e) {
            throw classify(what, e);
        } catch (MinioException | IOException | RuntimeException e) {
            throw classify(what, e);
        }
    }

    /** The SDK wraps: an IllegalStateException is what it throws where the network fails. */
    private RuntimeException classify(String what, Exception e) {
        if (isCausedBy(CertificateException.class, e)) {
            return new TransientException(
                    "object store %s: %s: its certificate is not believed (%s): name its authority in NOCTURNE_S3_CA_FILE"
                            .formatted(settings.endpoint(), what, e.getMessage()),
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
                "object store %s: %s: %s".formatted(settings.endpoint(), what, e.getMessage()), e);
    }

    private static boolean isCausedBy(Class<? extends Throwable> kind, Throwable e) {
        Throwable cause = e;
        while (cause != null && !kind.isInstance(cause)) {
            cause = cause.getCause();
        }
        return cause != null;
    }

    private StageException classify(String what, ErrorResponseException e) {
        String code = e.errorResponse().code();
        int status = e.response().code();
        String message =
                "object store %s: %s: %s (HTTP %d)"
                        .formatted(settings.endpoint(), what, code, status);
        Optional<String> wrongClock =
                status == 403
                        ? ClockDifference.describe(e.response().header("Date"), clock.instant())
                        : Optional.empty();
        if (wrongClock.isPresent()) {
            return new TransientException(message + ": " + wrongClock.get(), e);
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
}
