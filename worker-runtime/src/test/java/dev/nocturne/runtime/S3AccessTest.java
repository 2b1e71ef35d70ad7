package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores that Java does not believe by itself, and keys that end. */
class S3AccessTest {

    @TempDir Path folder;

    @Test
    void aStoreOfAnAuthorityOfOnesOwnIsBelievedAndTheSessionIsTold() throws Exception {
        KeyStore keys = selfSigned();
        Path authority = pem(keys, folder.resolve("ca.pem"));
        List<String> tokens = new CopyOnWriteArrayList<>();
        HttpsServer store =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        store.setHttpsConfigurator(new HttpsConfigurator(context(keys)));
        store.createContext(
                "/",
                exchange -> {
                    tokens.add(exchange.getRequestHeaders().getFirst("x-amz-security-token"));
                    exchange.sendResponseHeaders(200, -1);
                    exchange.close();
                });
        store.start();
        try {
            String endpoint = "https://localhost:" + store.getAddress().getPort();

            ObjectStore.open(settings(endpoint, Optional.of(authority))).ensureBucket();

            assertThat(tokens).isNotEmpty().containsOnly("the-session");
            assertThatThrownBy(
                            () ->
                                    ObjectStore.open(settings(endpoint, Optional.empty()))
                                            .ensureBucket())
                    .isInstanceOf(TransientException.class)
                    .hasMessageContaining("name its authority in NOCTURNE_S3_CA_FILE");
        } finally {
            store.stop(0);
        }
    }

    private static ObjectStoreSettings settings(String endpoint, Optional<Path> authority) {
        return new ObjectStoreSettings(
                endpoint,
                "us-east-1",
                ObjectStoreSettings.Keys.of(
                        Optional.of("access"), Optional.of("secret"), Optional.of("the-session")),
                authority,
                "nocturne",
                "",
                endpoint);
    }

    @Test
    void aFileWithoutCertificatesIsNamed() throws Exception {
        Path empty = Files.createFile(folder.resolve("empty.pem"));
        Path text = Files.writeString(folder.resolve("text.pem"), "no certificate");

        for (Path file : List.of(empty, text, folder.resolve("missing.pem"))) {
            assertThatThrownBy(() -> S3Access.http(file))
                    .isInstanceOf(FatalException.class)
                    .hasMessageContaining("NOCTURNE_S3_CA_FILE " + file);
        }
    }

    @Test
    void aPartOfTheKeysIsRefusedAndNoneMeansAwsOwn() {
        Optional<String> none = Optional.empty();
        Optional<String> some = Optional.of("something");
        for (List<Optional<String>> part :
                List.of(
                        List.of(some, none, none),
                        List.of(none, some, none),
                        List.of(none, none, some))) {
            assertThatThrownBy(
                            () ->
                                    ObjectStoreSettings.Keys.of(
                                            part.get(0), part.get(1), part.get(2)))
                    .isInstanceOf(FatalException.class)
                    .hasMessageContaining("NOCTURNE_S3_SECRET_KEY")
                    .hasMessageNotContaining("something");
        }
        assertThat(ObjectStoreSettings.Keys.of(none, none, none)).isEmpty();
        assertThat(ObjectStoreSettings.Keys.of(some, some, some).orElseThrow().toString())
                .isEqualTo("access key something of a session");
    }

    private KeyStore selfSigned() throws Exception {
        Path file = folder.resolve("keys.p12");
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "store",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=localhost",
                                "-ext",
                                "san=dns:localhost",
                                "-storetype",
                                "PKCS12",
                                "-storepass",
                                "password",
                                "-keystore",
                                file.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("keytool.log").toFile())
                        .start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, "password".toCharArray());
        }
        return keys;
    }

    private static Path pem(KeyStore keys, Path file) throws Exception {
        return Files.writeString(
                file,
                "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
                        .formatted(
                                Base64.getMimeEncoder()
                                        .encodeToString(
                                                keys.getCertificate("store").getEncoded())));
    }

    private static SSLContext context(KeyStore keys) throws Exception {
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "password".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }
}
