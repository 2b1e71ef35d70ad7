package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.net.ServerSocketFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Kafka and S3 of others, as {@code deploy/kubernetes/examples/external} wants them: certificates
 * of two authorities, one of the brokers and one of the store, and a user of the brokers. All of it
 * is made anew for each folder.
 */
final class External {
    private static final Path EXAMPLE = Manifests.FOLDER.resolve("examples/external");

    /** Where the example's pods see the authorities. */
    private static final String MOUNT = "/etc/nocturne";

    private static final String AUTHORITIES = "ca.pem";
    private static final String OVERRIDES = "NOCTURNE_KAFKA_OVERRIDES_";
    private static final String USER = "nocturne";

    private final Path folder;
    private final Manifests manifests;
    private final String password = random();

    /** With characters that mean something in files of settings. */
    private final String userPassword = "$1={" + random() + "}";

    private final ServerSocketFactory storeSockets;
    private final Path brokerSettings;

    /**
     * @param folder of all files, made if missing
     */
    External(Path folder) throws IOException, GeneralSecurityException {
        this.folder = Files.createDirectories(folder);
        manifests = Manifests.of(EXAMPLE);
        KeyStore brokerKeys = signedByItsOwnAuthority("brokers");
        KeyStore storeKeys = signedByItsOwnAuthority("store");
        Files.writeString(
                folder.resolve(AUTHORITIES), authority(brokerKeys) + authority(storeKeys));
        brokerSettings = brokerSettings(brokerKeys);
        storeSockets = context(storeKeys).getServerSocketFactory();
    }

    private static String random() {
        byte[] random = new byte[24];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    // ---- what others are told

    /** What the example tells the service of Kafka and S3, but for their addresses. */
    Map<String, String> environment(String service) {
        Map<String, String> environment = new TreeMap<>();
        manifests
                .environment(
                        manifests.workload(service).pod().getSpec().getContainers().get(0),
                        Map.of("kafka-user", Map.of(OVERRIDES + "SASL_JAAS_CONFIG", login())))
                .forEach(
                        (name, value) -> {
                            if (name.matches("NOCTURNE_(KAFKA|S3)_.*")) {
                                environment.put(name, value.replace(MOUNT, folder.toString()));
                            }
                        });
        environment.keySet().remove("NOCTURNE_KAFKA_BOOTSTRAP_SERVERS");
        environment.keySet().remove("NOCTURNE_S3_ENDPOINT");
        return environment;
    }

    /** The same for a client of Kafka in this process. */
    Map<String, String> kafkaClient() {
        return environment("ingest-service").entrySet().stream()
                .filter(variable -> variable.getKey().startsWith(OVERRIDES))
                .collect(
                        Collectors.toMap(
                                variable ->
                                        variable.getKey()
                                                .substring(OVERRIDES.length())
                                                .toLowerCase(Locale.ROOT)
                                                .replace('_', '.'),
                                Map.Entry::getValue));
    }

    private String login() {
        return "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";"
                .formatted(USER, userPassword);
    }

    /** Of the store, or of what stands before it. */
    ServerSocketFactory storeSockets() {
        return storeSockets;
    }

    /** A file for {@link ReplicatedBroker}. */
    Path brokerSettings() {
        return brokerSettings;
    }

    /** Controllers know each other by their certificates, everybody else by the user's password. */
    private Path brokerSettings(KeyStore keys) throws IOException, GeneralSecurityException {
        Path keyFile = folder.resolve("broker.p12");
        try (OutputStream out = Files.newOutputStream(keyFile)) {
            keys.store(out, password.toCharArray());
        }
        Path trusted = Files.writeString(folder.resolve("brokers.pem"), authority(keys));
        Properties settings = new Properties();
        settings.putAll(
                Map.of(
                        "listener.security.protocol.map",
                        "DIRECT:SASL_SSL,PROXIED:SASL_SSL,CONTROLLER:SSL",
                        "listener.name.controller.ssl.client.auth",
                        "required",
                        "sasl.enabled.mechanisms",
                        "SCRAM-SHA-512",
                        "sasl.mechanism.inter.broker.protocol",
                        "SCRAM-SHA-512",
                        "ssl.keystore.type",
                        "PKCS12",
                        "ssl.keystore.location",
                        keyFile.toString(),
                        "ssl.keystore.password",
                        password,
                        "ssl.truststore.type",
                        "PEM",
                        "ssl.truststore.location",
                        trusted.toString()));
        for (String listener : List.of("direct", "proxied")) {
            settings.put(
                    "listener.name.%s.scram-sha-512.sasl.jaas.config".formatted(listener), login());
        }
        settings.put(
                ReplicatedBroker.USER,
                "SCRAM-SHA-512=[name=\"%s\",password=\"%s\"]".formatted(USER, userPassword));
        Path file = folder.resolve("broker.properties");
        try (Writer out = Files.newBufferedWriter(file, ISO_8859_1)) {
            settings.store(out, null);
        }
        return file;
    }

    // ---- certificates

    /** A key of this machine, whose certificate an authority has signed that is nobody else's. */
    private KeyStore signedByItsOwnAuthority(String name)
            throws IOException, GeneralSecurityException {
        Path file = folder.resolve(name + "-with-authority.p12");
        keytool(file, "authority", "-dname", "CN=authority of the " + name, "-ext", "bc:c");
        keytool(
                file,
                "server",
                "-dname",
                "CN=" + name,
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-signer",
                "authority");
        KeyStore both = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            both.load(in, password.toCharArray());
        }
        Files.delete(file);
        Key key = both.getKey("server", password.toCharArray());
        KeyStore server = KeyStore.getInstance("PKCS12");
        server.load(null, null);
        server.setKeyEntry(
                "server", key, password.toCharArray(), both.getCertificateChain("server"));
        return server;
    }

    private SSLContext context(KeyStore keys) throws GeneralSecurityException {
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, password.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    private void keytool(Path file, String alias, String... options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-genkeypair", "-alias", alias, "-keyalg", "EC"));
        command.addAll(List.of("-keystore", file.toString(), "-storepass", password));
        command.addAll(List.of(options));
        Process keytool =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("keytool.log").toFile())
                        .start();
        assertThat(keytool.onExit().join().exitValue())
                .as(Files.readString(folder.resolve("keytool.log")))
                .isZero();
    }

    /** The certificate of who signed, in PEM. */
    private static String authority(KeyStore keys) throws GeneralSecurityException {
        Certificate[] chain = keys.getCertificateChain("server");
        assertThat(chain).hasSize(2);
        return "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
                .formatted(
                        Base64.getMimeEncoder(64, new byte[] {'\n'})
                                .encodeToString(chain[1].getEncoded()));
    }
}
