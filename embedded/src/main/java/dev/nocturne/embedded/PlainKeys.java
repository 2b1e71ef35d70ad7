package dev.nocturne.embedded;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.gaul.s3proxy.S3ErrorCode;
import org.gaul.s3proxy.S3ProxyException;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.gaul.s3proxy.blobstore.domain.MultipartUpload;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CopyObjectResponse;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/**
 * A store whose objects are files, each at its key. Keys that no file can have are refused when
 * somebody writes to them, rather than kept under another name, and are not there when somebody
 * looks for them.
 */
final class PlainKeys extends ForwardingBlobStore {

    /** File systems take 255 bytes, and a file that is still being written has a longer name. */
    private static final int LONGEST_NAME_BYTES = 200;

    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    PlainKeys(BlobStore files) {
        super(files);
    }

    private static boolean isPlain(String key) {
        return fault(key) == null;
    }

    /** Null if a file can have the key. */
    private static String fault(String key) {
        for (String name : key.split("/", -1)) {
            if (name.isEmpty()) {
                return "it begins or ends with a slash, or has two in a row";
            }
            if (name.equals(".") || name.equals("..")) {
                return "'%s' stands between its slashes".formatted(name);
            }
            if (CONTROL.matcher(name).find()) {
                return "it has a control character";
            }
            if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME_BYTES) {
                return "it has more than %d bytes between two slashes"
                        .formatted(LONGEST_NAME_BYTES);
            }
        }
        return null;
    }

    private static S3ProxyException refused(String fault) {
        return new S3ProxyException(
                S3ErrorCode.INVALID_ARGUMENT,
                "The key cannot be kept: %s. This store keeps each object as a file at its key"
                        .formatted(fault));
    }

    private static void requirePlain(String key) {
        String fault = fault(key);
        if (fault != null) {
            throw refused(fault);
        }
    }

    private static void requireThere(String bucket, String key) {
        if (!isPlain(key)) {
            throw S3Exceptions.noSuchKey(bucket, key, "no file can have this key");
        }
    }

    /** No name is a file and a folder: whoever asks for that learns it. */
    private <T> T written(String bucket, String key, Supplier<T> write) {
        requirePlain(key);
        try {
            return write.get();
        } catch (RuntimeException e) {
            for (int slash = key.indexOf('/'); slash > 0; slash = key.indexOf('/', slash + 1)) {
                if (super.blobExists(bucket, key.substring(0, slash))) {
                    throw refused(
                            "there is an object '%s', which is no folder"
                                    .formatted(key.substring(0, slash)));
                }
            }
            ListObjectsV2Request below =
                    ListObjectsV2Request.builder()
                            .bucket(bucket)
                            .prefix(key + "/")
                            .maxKeys(1)
                            .build();
            if (!super.list(below).contents().isEmpty()) {
                throw refused("there are objects below it, so it is a folder");
            }
            throw e;
        }
    }

    @Override
    public PutObjectResponse putBlob(PutObjectRequest request, InputStream payload) {
        return written(request.bucket(), request.key(), () -> super.putBlob(request, payload));
    }

    @Override
    public CopyObjectResponse copyBlob(CopyObjectRequest request) {
        requireThere(request.sourceBucket(), request.sourceKey());
        return written(
                request.destinationBucket(),
                request.destinationKey(),
                () -> super.copyBlob(request));
    }

    @Override
    public MultipartUpload initiateMultipartUpload(CreateMultipartUploadRequest request) {
        requirePlain(request.key());
        return super.initiateMultipartUpload(request);
    }

    @Override
    public CompleteMultipartUploadResponse completeMultipartUpload(
            MultipartUpload upload, CompleteMultipartUploadRequest request) {
        return written(
                upload.containerName(),
                upload.blobName(),
                () -> super.completeMultipartUpload(upload, request));
    }

    @Override
    public boolean blobExists(String bucket, String key) {
        return isPlain(key) && super.blobExists(bucket, key);
    }

    @Override
    public HeadObjectResponse blobMetadata(HeadObjectRequest request) {
        requireThere(request.bucket(), request.key());
        return super.blobMetadata(request);
    }

    @Override
    public ResponseInputStream<GetObjectResponse> getBlob(GetObjectRequest request) {
        requireThere(request.bucket(), request.key());
        return super.getBlob(request);
    }

    @Override
    public DeleteObjectResponse removeBlob(DeleteObjectRequest request) {
        return isPlain(request.key())
                ? super.removeBlob(request)
                : DeleteObjectResponse.builder().build();
    }

    /** Nothing begins with what no key can have. */
    @Override
    public ListObjectsV2Response list(ListObjectsV2Request request) {
        String prefix = request.prefix() == null ? "" : request.prefix();
        String folder = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
        return prefix.isEmpty() || isPlain(folder)
                ? super.list(request)
                : ListObjectsV2Response.builder().isTruncated(false).keyCount(0).build();
    }
}
