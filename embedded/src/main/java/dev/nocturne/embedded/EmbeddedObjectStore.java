package dev.nocturne.embedded;

import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/**
 * An S3 endpoint in this process, on the loopback address, over a folder: each bucket is a folder,
 * each object a file at its key, see {@link PlainKeys}. Requests must carry a valid AWS signature,
 * of version 4 or, as some tools still make links, of version 2.
 */
public final class EmbeddedObjectStore implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final long STOP_TIMEOUT_MILLIS = 5_000;

    private final S3Proxy proxy;
    private final S3Keys keys;

    private EmbeddedObjectStore(S3Proxy proxy, S3Keys keys) {
        this.proxy = proxy;
        this.keys = keys;
    }

    /**
     * Starts an S3 endpoint and returns when it takes requests.
     *
     * @param dataDir the folder of the buckets, created if missing
     * @param port the port clients connect to, 0 for any free one
     * @throws EmbeddedServerException if the port is taken or the folder cannot be used
     */
    public static EmbeddedObjectStore start(Path dataDir, int port) {
        QuietLogs.apply();
        Path folder = Preflight.writableFolder(dataDir);
        S3Keys keys = S3Keys.of(folder);
        int freePort = Preflight.freePort(port);
        S3Proxy proxy =
                S3Proxy.builder()
                        .blobStore(new PlainKeys(new FilesystemNio2BlobStore(folder.toString())))
                        .endpoint(URI.create("http://" + HOST + ":" + freePort))
                        .awsAuthentication(
                                AuthenticationType.AWS_V2_OR_V4, keys.accessKey(), keys.secretKey())
                        .stopTimeout(STOP_TIMEOUT_MILLIS)
                        .jettyMaxThreads(32)
                        .build();
        try {
            proxy.start();
        } catch (Exception e) {
            throw new EmbeddedServerException(
                    "The object store cannot start on port "
                            + freePort
                            + " ("
                            + e.getMessage()
                            + "): choose another port",
                    e);
        }
        return new EmbeddedObjectStore(proxy, keys);
    }

    /** Where clients connect, as {@code http://host:port}; address buckets in path style. */
    public String endpoint() {
        return "http://" + HOST + ":" + proxy.getPort();
    }

    /** The identity that requests are signed with. */
    public String accessKey() {
        return keys.accessKey();
    }

    /** The secret that requests are signed with; each folder has its own, see {@link S3Keys}. */
    public String secretKey() {
        return keys.secretKey();
    }

    /** Answers the requests under way and frees the port. */
    @Override
    public void close() {
        try {
            proxy.stop();
        } catch (Exception e) {
            throw new EmbeddedServerException("The object store did not stop in order", e);
        }
    }

    /** Runs an endpoint as a process of its own, until it is told to end: {@code DATA_DIR PORT}. */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        ServerProcess.run(
                EmbeddedObjectStore.class,
                args,
                EmbeddedObjectStore::start,
                EmbeddedObjectStore::endpoint);
    }
}
