package dev.nocturne.embedded;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * A Kafka broker in this process: one KRaft node, broker and controller, on the loopback address.
 *
 * <p>Its log lies in a folder, which is formatted on first use; a later start on the same folder
 * goes on from it, on any port. One broker per folder at a time.
 */
public final class EmbeddedBroker implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final int NODE_ID = 1;
    private static final String CONTROLLER_LISTENER = "CONTROLLER";

    private final KafkaRaftServer server;
    private final int port;

    private EmbeddedBroker(KafkaRaftServer server, int port) {
        this.server = server;
        this.port = port;
    }

    /**
     * Starts a broker and returns when it takes requests.
     *
     * @param dataDir its log folder, created if missing
     * @param port the port clients connect to, 0 for any free one
     * @throws EmbeddedServerException if the port is taken or the folder cannot be used
     */
    public static EmbeddedBroker start(Path dataDir, int port) {
        QuietLogs.apply();
        Path logDir = Preflight.writableFolder(dataDir);
        int brokerPort = Preflight.freePort(port);
        int controllerPort = Preflight.freePort(0);
        try {
            if (Files.notExists(logDir.resolve("meta.properties"))) {
                format(logDir);
            }
            KafkaRaftServer server =
                    new KafkaRaftServer(
                            new KafkaConfig(config(logDir, brokerPort, controllerPort)),
                            Time.SYSTEM);
            server.startup();
            return new EmbeddedBroker(server, brokerPort);
        } catch (Exception e) {
            throw new EmbeddedServerException(
                    "The broker cannot start on data folder "
                            + logDir
                            + " ("
                            + e.getMessage()
                            + "): keep it, all jobs are in it; another folder starts empty",
                    e);
        }
    }

    private static void format(Path logDir) throws Exception {
        new Formatter()
                .setNodeId(NODE_ID)
                .setClusterId(Uuid.randomUuid().toString())
                .addDirectory(logDir.toString())
                .setMetadataLogDirectory(logDir.toString())
                .setControllerListenerName(CONTROLLER_LISTENER)
                .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
                .run();
    }

    private static Map<String, String> config(Path logDir, int brokerPort, int controllerPort) {
        Map<String, String> config = new HashMap<>();
        config.put("process.roles", "broker,controller");
        config.put("node.id", String.valueOf(NODE_ID));
        config.put("controller.quorum.voters", NODE_ID + "@" + HOST + ":" + controllerPort);
        config.put("controller.listener.names", CONTROLLER_LISTENER);
        config.put(
                "listeners",
                "PLAINTEXT://%s:%d,%s://%s:%d"
                        .formatted(HOST, brokerPort, CONTROLLER_LISTENER, HOST, controllerPort));
        config.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        config.put("log.dirs", logDir.toString());
        config.put("auto.create.topics.enable", "false");
        config.put("group.initial.rebalance.delay.ms", "0");
        // a killed broker's session must end before its successor is let in: shorter than the
        // default of 9 s, yet not so short that a busy machine fences its own broker
        config.put("broker.session.timeout.ms", "6000");
        config.put("broker.heartbeat.interval.ms", "500");
        config.put("server.max.startup.time.ms", "60000");
        for (String internal : new String[] {"offsets.topic", "transaction.state.log"}) {
            config.put(internal + ".replication.factor", "1");
            config.put(internal + ".num.partitions", "4");
            // what is superseded leaves the disk with its file: 100 MiB by default
            config.put(internal + ".segment.bytes", "1048576");
        }
        config.put("transaction.state.log.min.isr", "1");
        // a transaction that a killed process left open is in everybody's way: looked for often
        config.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
        // 30 days: offsets of a group in which nobody is outlive every record of a week's retention
        config.put("offsets.retention.minutes", "43200");
        config.put("share.coordinator.state.topic.replication.factor", "1");
        config.put("share.coordinator.state.topic.min.isr", "1");
        // sized for one process on one machine; the defaults reserve 128 MiB for compaction alone
        config.put("log.cleaner.dedupe.buffer.size", "4194304");
        config.put("num.network.threads", "2");
        config.put("num.io.threads", "4");
        return config;
    }

    /** Where clients connect, as {@code host:port}. */
    public String bootstrapServers() {
        return HOST + ":" + port;
    }

    /** Shuts down in order: the log is flushed and closed, the port is free afterwards. */
    @Override
    public void close() {
        server.shutdown();
        server.awaitShutdown();
    }

    /** Runs a broker as a process of its own, until it is told to end: {@code DATA_DIR PORT}. */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        ServerProcess.run(
                EmbeddedBroker.class,
                args,
                EmbeddedBroker::start,
                EmbeddedBroker::bootstrapServers);
    }
}
