package dev.nocturne.runtime;

import io.minio.credentials.AwsConfigProvider;
import io.minio.credentials.AwsEnvironmentProvider;
import io.minio.credentials.ChainedProvider;
import io.minio.credentials.IamAwsProvider;
import io.minio.credentials.Provider;
import io.minio.credentials.StaticProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;

/** Who we are to an S3 store, and which stores we believe. */
final class S3Access {

    private S3Access() {}

    /**
     * The given keys, or what AWS's tools would find: variables, a file, the role of the machine.
     */
    static Provider credentials(Optional<ObjectStoreSettings.Keys> keys) {
        if (keys.isPresent()) {
            ObjectStoreSettings.Keys given = keys.get();
            return new StaticProvider(given.accessKey(), given.secretKey(), given.sessionToken());
        }
        Provider awsOwn =
                new ChainedProvider(
                        new AwsEnvironmentProvider(),
                        new AwsConfigProvider(null, null),
                        new IamAwsProvider(null, null));
        return () -> {
            try {
                return awsOwn.fetch();
            } catch (RuntimeException e) {
                throw new TransientException(
                        "there are no keys of S3 (%s): set NOCTURNE_S3_ACCESS_KEY and NOCTURNE_S3_SECRET_KEY, or give the process a role"
                                .formatted(e.getMessage()),
                        e);
            }
        };
    }

    /**
     * A client that believes Java's own authorities and those in the file.
     *
     * @param caFile certificates in PEM
     * @throws FatalException if it has none
     */
    static OkHttpClient http(Path caFile) {
        try {
            X509TrustManager trust = trust(caFile);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {trust}, null);
            return new OkHttpClient.Builder()
                    .protocols(List.of(Protocol.HTTP_1_1))
                    .sslSocketFactory(context.getSocketFactory(), trust)
                    .build();
        } catch (IOException | GeneralSecurityException e) {
            throw new FatalException(
                    "NOCTURNE_S3_CA_FILE %s has no certificates (%s): name a file in PEM"
                            .formatted(caFile, e.getMessage()),
                    e);
        }
    }

    private static X509TrustManager trust(Path caFile)
            throws IOException, GeneralSecurityException {
        List<Certificate> authorities = new ArrayList<>();
        try (InputStream in = Files.newInputStream(caFile)) {
            Collection<? extends Certificate> given =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (given.isEmpty()) {
                throw new GeneralSecurityException("it is empty");
            }
            authorities.addAll(given);
        }
        X509Certificate[] javas = manager(null).getAcceptedIssuers();
        authorities.addAll(Arrays.asList(javas));
        KeyStore all = KeyStore.getInstance(KeyStore.getDefaultType());
        all.load(null, null);
        for (int i = 0; i < authorities.size(); i++) {
            all.setCertificateEntry("authority-" + i, authorities.get(i));
        }
        return manager(all);
    }

    /**
     * @param store null for Java's own
     */
    private static X509TrustManager manager(KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return Arrays.stream(factory.getTrustManagers())
                .filter(X509TrustManager.class::isInstance)
                .map(X509TrustManager.class::cast)
                .findFirst()
                .orElseThrow();
    }
}
