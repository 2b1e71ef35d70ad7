package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.embedded.Preflight;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.Topics;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A broker that wants a password and speaks TLS, with a certificate of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SecureKafkaBrokerTest {

    private static final String PASSWORD = "of-the-night";
    private static final String LOGIN =
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"painter\" password=\"%s\"%s;";

    @TempDir static Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private KafkaRaftServer broker;
    private String address;
    private Path keys;

    @BeforeAll
    void start() throws Exception {
        keys = folder.resolve("keys.p12");
        selfSigned(keys);
        int port = Preflight.freePort(0);
        int controllerPort = Preflight.freePort(0);
        address = "localhost:" + port;
        Path log = Files.createDirectory(folder.resolve("kafka"));
        new Formatter()
                .setNodeId(1)
                .setClusterId(Uuid.randomUuid().toString())
                .addDirectory(log.toString())
                .setMetadataLogDirectory(log.toString())
                .setControllerListenerName("CONTROLLER")
                .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
                .run();
        Map<String, String> config = new HashMap<>();
        config.put("process.roles", "broker,controller");
        config.put("node.id", "1");
        config.put("controller.quorum.voters", "1@localhost:" + controllerPort);
        config.put("controller.listener.names", "CONTROLLER");
        config.put(
                "listeners",
                "SASL_SSL://%s,CONTROLLER://localhost:%d".formatted(address, controllerPort));
        config.put("listener.security.protocol.map", "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT");
        config.put("inter.broker.listener.name", "SASL_SSL");
        config.put("sasl.enabled.mechanisms", "PLAIN");
        config.put("sasl.mechanism.inter.broker.protocol", "PLAIN");
        config.put(
                "listener.name.sasl_ssl.plain.sasl.jaas.config",
                LOGIN.formatted(PASSWORD, " user_painter=\"%s\"".formatted(PASSWORD)));
        for (String store : List.of("keystore", "truststore")) {
            config.put("ssl.%s.location".formatted(store), keys.toString());
            config.put("ssl.%s.password".formatted(store), "password");
            config.put("ssl.%s.type".formatted(store), "PKCS12");
        }
        config.put("log.dirs", log.toString());
        config.put("offsets.topic.replication.factor", "1");
        config.put("offsets.topic.num.partitions", "1");
        config.put("transaction.state.log.replication.factor", "1");
        config.put("transaction.state.log.num.partitions", "1");
        config.put("transaction.state.log.min.isr", "1");
        config.put("log.cleaner.dedupe.buffer.size", "4194304");
        broker = new KafkaRaftServer(new KafkaConfig(config), Time.SYSTEM);
        broker.startup();
    }

    @AfterAll
    void stop() {
        if (broker != null) {
            broker.shutdown();
            broker.awaitShutdown();
        }
    }

    private static void selfSigned(Path file) throws Exception {
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "broker",
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
    }

    @BeforeEach
    void forgetOutput() {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
    }

    @Test
    void publishIsLetInByAFileOfSettings() throws Exception {
        Path file = config("client.properties", PASSWORD, true);

        int code = run("publish", "a red heart", "a blue moon", "--kafka-config", file.toString());

        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString().lines()).hasSize(2);
        KafkaSettings kafka = new KafkaSettings(address, overrides(PASSWORD));
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(kafka.consumer("a-group"))) {
            consumer.subscribe(List.of(Topics.CAPTIONS.name()));
            int seen = 0;
            for (int i = 0; i < 60 && seen < 2; i++) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofSeconds(1));
                seen += records.count();
            }
            assertThat(seen).isEqualTo(2);
        }
    }

    @Test
    void aWrongPasswordIsOneLineThatDoesNotTellIt() throws Exception {
        Path file = config("wrong.properties", "guessed", false);

        int code =
                run(
                        "publish",
                        "a red heart",
                        "--bootstrap-servers",
                        address,
                        "--kafka-config",
                        file.toString());

        assertThat(code).isEqualTo(1);
        assertThat(err.toString())
                .containsOnlyOnce("\n")
                .contains(address)
                .doesNotContain("guessed");
    }

    @Test
    void aFileThatIsNotThereIsWrongUsage() {
        assertThat(run("publish", "a red heart", "--kafka-config", "nowhere")).isEqualTo(2);
        assertThat(err.toString()).contains("--kafka-config nowhere cannot be read");
    }

    @Test
    void partitionsAreAddedToAllTopicsThatStagesRead() throws Exception {
        String file = config("topics.properties", PASSWORD, true).toString();
        TopicAdmin.createMissing(new KafkaSettings(address, overrides(PASSWORD)));

        assertThat(run("topics", "--raise", "8", "--kafka-config", file)).isZero();
        assertThat(err.toString().lines())
                .hasSize(14)
                .contains("generation-tasks has 8 partitions now");
        assertThat(out.toString().lines())
                .hasSize(22)
                .anyMatch(line -> line.matches("generation-tasks +8 +1 +1"))
                .anyMatch(line -> line.matches("dead-letters +1 +1 +1"));

        forgetOutput();
        assertThat(run("topics", "--raise", "8", "--kafka-config", file)).isZero();
        assertThat(err.toString()).isEmpty();
        assertThat(run("topics", "--raise", "6", "--kafka-config", file)).isEqualTo(1);
        assertThat(err.toString()).contains("raise all to 8 or more").containsOnlyOnce("\n");
        assertThat(run("topics", "--raise", "0", "--kafka-config", file)).isEqualTo(2);
    }

    private Map<String, String> overrides(String password) {
        return Map.of(
                "security.protocol", "SASL_SSL",
                "sasl.mechanism", "PLAIN",
                "sasl.jaas.config", LOGIN.formatted(password, ""),
                "ssl.truststore.type", "PKCS12",
                "ssl.truststore.location", keys.toString(),
                "ssl.truststore.password", "password");
    }

    private Path config(String name, String password, boolean withServers) throws Exception {
        StringBuilder lines = new StringBuilder("# as for Kafka's own tools\n");
        overrides(password).forEach((key, value) -> lines.append("%s=%s\n".formatted(key, value)));
        if (withServers) {
            lines.append("bootstrap.servers=%s\n".formatted(address));
        }
        return Files.writeString(folder.resolve(name), lines);
    }

    private int run(String... args) {
        return NocturneCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(args);
    }
}
