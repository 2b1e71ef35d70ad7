package dev.nocturne.runtime;

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
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The S3 API and nothing beyond it, through the MinIO SDK. */
final class S3ObjectStore implements ObjectStore {

    private static final Logger LOG = LoggerFactory.getLogger(S3ObjectStore.class);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration TRANSFER_TIMEOUT = Duration.ofSeconds(60);

    private static final Set<String> NOT_FOUND = Set.of("NoSuchKey", "NoSuchObject");
    private static final Set<String> BUCKET_IS_THERE =
            Set.of("BucketAlreadyOwnedByYou", "BucketAlreadyExists");

    /** What HEAD, whose answers have no body, is answered with, whatever is wrong. */
    private static final Set<Integer> WORDLESS = Set.of(400, 403);

    /** Each name is plain, so that a key means the same in every store. */
    private static final Pattern PREFIX = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*/)*");

    private final ObjectStoreSettings settings;
    private final S3Failures failures;
    private volatile Clients clients; // others once the store has told the bucket's region

    /**
     * @param client has one attempt: whoever asks the store repeats by a Backoff
     * @param signer of links; asks nothing of the store
     */
    private record Clients(String region, MinioClient client, MinioClient signer) {

        static Clients of(ObjectStoreSettings settings, String region) {
            MinioClient client = client(settings, settings.endpoint(), region);
            client.setTimeout(
                    CONNECT_TIMEOUT.toMillis(),
                    TRANSFER_TIMEOUT.toMillis(),
                    TRANSFER_TIMEOUT.toMillis());
            client.setRetry(Set.of(), 0L, 1);
            String readers = settings.publicEndpoint();
            return new Clients(
                    region,
                    client,
                    readers.equals(settings.endpoint())
                            ? client
                            : client(settings, readers, region));
        }

        private static MinioClient client(
                ObjectStoreSettings settings, String endpoint, String region) {
            try {
                MinioClient.Builder client =
                        MinioClient.builder()
                                .endpoint(endpoint)
                                .region(region)
                                .credentialsProvider(S3Access.credentials(settings.keys()));
                settings.caFile().ifPresent(file -> client.httpClient(S3Access.http(file)));
                return client.build();
            } catch (IllegalArgumentException e) {
                throw new FatalException(
                        "S3 endpoint '%s': %s".formatted(endpoint, e.getMessage()), e);
            }
        }
    }

    /**
     * @param clock the one that requests are signed by
     */
    S3ObjectStore(ObjectStoreSettings settings, Clock clock) {
        this.settings = settings;
        this.failures = new S3Failures(settings, clock);
        if (!PREFIX.matcher(settings.prefix()).matches()) {
            throw new FatalException(
                    "S3 prefix '%s': write it like tenant-a/, in letters, digits, '.', '_' and '-'"
                            .formatted(settings.prefix()));
        }
        this.clients = Clients.of(settings, settings.region());
    }

    /** Where the object is in the bucket: here alone keys have their prefix. */
    private String name(String key) {
        return settings.prefix() + key;
    }

    @Override
    public boolean hasBucket() {
        return request(S3Action.LOOK_FOR_BUCKET, settings.bucket(), this::hasBucket);
    }

    private boolean hasBucket(MinioClient client) throws MinioException {
        try {
            return client.bucketExists(
                    BucketExistsArgs.builder().bucket(settings.bucket()).build());
        } catch (ErrorResponseException e) {
            if (!WORDLESS.contains(e.response().code())) {
                throw e;
            }
            ListObjectsArgs first =
                    ListObjectsArgs.builder()
                            .bucket(settings.bucket())
                            .prefix(settings.prefix())
                            .maxKeys(1)
                            .build();
            for (Result<Item> item : client.listObjects(first)) {
                item.get();
                break;
            }
            return true; // who may list the prefix alone may not look for the bucket
        }
    }

    @Override
    public void ensureBucket() {
        if (!hasBucket()) {
            request(
                    S3Action.CREATE_BUCKET,
                    settings.bucket(),
                    client -> {
                        makeBucket(client);
                        return null;
                    });
        }
    }

    /** Another service may make the bucket at the same time. */
    private void makeBucket(MinioClient client) throws MinioException {
        try {
            client.makeBucket(MakeBucketArgs.builder().bucket(settings.bucket()).build());
        } catch (ErrorResponseException e) {
            if (!BUCKET_IS_THERE.contains(e.errorResponse().code())) {
                throw e;
            }
        }
    }

    @Override
    public void put(String key, byte[] bytes, String contentType) {
        request(
                S3Action.PUT,
                key,
                client ->
                        client.putObject(
                                putArgs(
                                        key,
                                        new ByteArrayInputStream(bytes),
                                        bytes.length,
                                        contentType)));
    }

    @Override
    public void put(String key, Path file, String contentType) {
        request(
                S3Action.PUT,
                key,
                client -> {
                    try (InputStream in = Files.newInputStream(file)) {
                        return client.putObject(putArgs(key, in, Files.size(file), contentType));
                    }
                });
    }

    private PutObjectArgs putArgs(String key, InputStream in, long bytes, String contentType) {
        return PutObjectArgs.builder().bucket(settings.bucket()).object(name(key)).stream(
                        in, bytes, -1L)
                .contentType(contentType)
                .build();
    }

    @Override
    public byte[] get(String key) {
        return request(S3Action.GET, key, client -> read(client, key));
    }

    @Override
    public Optional<byte[]> find(String key) {
        return request(S3Action.GET, key, client -> ifThere(() -> read(client, key)));
    }

    private byte[] read(MinioClient client, String key) throws MinioException, IOException {
        try (InputStream in = client.getObject(getArgs(key).build())) {
            return in.readAllBytes();
        }
    }

    @Override
    public InputStream open(String key) {
        return request(S3Action.GET, key, client -> client.getObject(getArgs(key).build()));
    }

    @Override
    public InputStream open(String key, long from, long length) {
        GetObjectArgs part = getArgs(key).offset(from).length(length).build();
        return request(S3Action.GET, key, client -> client.getObject(part));
    }

    private GetObjectArgs.Builder getArgs(String key) {
        return GetObjectArgs.builder().bucket(settings.bucket()).object(name(key));
    }

    @Override
    public void delete(String key) {
        RemoveObjectArgs args =
                RemoveObjectArgs.builder().bucket(settings.bucket()).object(name(key)).build();
        request(
                S3Action.DELETE,
                key,
                client -> {
                    client.removeObject(args);
                    return null;
                });
    }

    @Override
    public Optional<Stat> stat(String key) {
        StatObjectArgs args =
                StatObjectArgs.builder().bucket(settings.bucket()).object(name(key)).build();
        return request(S3Action.STAT, key, client -> ifThere(() -> client.statObject(args)))
                .map(
                        found ->
                                new Stat(
                                        found.size(),
                                        found.etag().isEmpty() ? null : found.etag(),
                                        found.lastModified().toInstant()));
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
                S3Action.LIST,
                prefix,
                client -> {
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
        return request(S3Action.LINK, key, client -> clients.signer().getPresignedObjectUrl(args));
    }

    private interface Request<T> {
        T run(MinioClient client) throws MinioException, IOException;
    }

    private interface Lookup<T> {
        T run() throws MinioException, IOException;
    }

    /** Empty if the store says that the object is not there. */
    private static <T> Optional<T> ifThere(Lookup<T> lookup) throws MinioException, IOException {
        try {
            return Optional.of(lookup.run());
        } catch (ErrorResponseException e) {
            if (NOT_FOUND.contains(e.errorResponse().code())) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private <T> T request(S3Action action, String name, Request<T> request) {
        return request(action, name, request, true);
    }

    private <T> T request(S3Action action, String name, Request<T> request, boolean mayMove) {
        Clients used = clients;
        try {
            return request.run(used.client());
        } catch (ErrorResponseException e) {
            Optional<String> other = S3Failures.otherRegion(used.region(), e);
            if (mayMove && other.isPresent()) {
                moveTo(other.get());
                return request(action, name, request, false);
            }
            throw failures.classify(action, name, used.region(), e);
        } catch (MinioException | IOException | RuntimeException e) {
            throw failures.classify(action, name, e);
        }
    }

    /** As AWS's own clients do: the store knows best where its bucket is. */
    private synchronized void moveTo(String region) {
        String wrong = clients.region();
        if (region.equals(wrong)) {
            return; // another thread was told so, too
        }
        LOG.warn(
                "S3-01 bucket {} is in region {}, not {}: requests and links are signed for it from now on; set NOCTURNE_S3_REGION={}",
                settings.bucket(),
                region,
                wrong,
                region);
        clients = Clients.of(settings, region);
    }
}
