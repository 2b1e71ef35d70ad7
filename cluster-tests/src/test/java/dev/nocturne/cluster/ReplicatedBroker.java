package dev.nocturne.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * One of one or several brokers and controllers on this machine, as a process: topics have a
 * replica on each. Clients may come by a second listener, whose address is a proxy's.
 */
final class ReplicatedBroker {
    private static final String CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw";

    /** In the file of settings: whom the brokers know, as {@code kafka-storage --add-scram}. */
    static final String USER = "add-scram";

    private ReplicatedBroker() {}

    /**
     * @param nodeId from 1
     * @param port of clients, {@code controllerPort} and {@code proxiedPort} likewise
     * @param advertisedPort the proxy's, which leads to {@code proxiedPort}
     */
    record Place(int nodeId, int port, int controllerPort, int proxiedPort, int advertisedPort) {
        String voter() {
            return "%d@127.0.0.1:%d".formatted(nodeId, controllerPort);
        }
    }

    /**
     * {@code DATA_DIR NODE_ID PORT CONTROLLER_PORT PROXIED_PORT ADVERTISED_PORT VOTERS [SETTINGS]};
     * the last is a file of more settings.
     */
    public static void main(String[] args) throws Exception {
        Path folder = Files.createDirectories(Path.of(args[0]));
        Place place =
                new Place(
                        Integer.parseInt(args[1]),
                        Integer.parseInt(args[2]),
                        Integer.parseInt(args[3]),
                        Integer.parseInt(args[4]),
                        Integer.parseInt(args[5]));
        Map<String, String> config = config(folder, place, args[6]);
        if (args.length > 7) {
            config.putAll(settings(Path.of(args[7])));
        }
        String user = config.remove(USER);
        if (Files.notExists(folder.resolve("meta.properties"))) {
            new Formatter()
                    .setNodeId(place.nodeId)
                    .setClusterId(CLUSTER_ID)
                    .addDirectory(folder.toString())
                    .setMetadataLogDirectory(folder.toString())
                    .setControllerListenerName("CONTROLLER")
                    .setScramArguments(user == null ? List.of() : List.of(user))
                    .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
                    .run();
        }
        KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(config), Time.SYSTEM);
        server.startup();
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
        System.out.println("ReplicatedBroker ready at 127.0.0.1:" + place.port);
    }

    private static Map<String, String> settings(Path file) throws IOException {
        Properties settings = new Properties();
        try (InputStream in = Files.newInputStream(file)) {
            settings.load(in);
        }
        Map<String, String> all = new HashMap<>();
        settings.stringPropertyNames().forEach(name -> all.put(name, settings.getProperty(name)));
        return all;
    }

    private static Map<String, String> config(Path folder, Place place, String voters) {
        Map<String, String> config = new HashMap<>();
        config.put("process.roles", "broker,controller");
        config.put("node.id", Integer.toString(place.nodeId));
        config.put("controller.quorum.voters", voters);
        config.put("controller.listener.names", "CONTROLLER");
        config.put("inter.broker.listener.name", "DIRECT");
        config.put(
                "listeners",
                "DIRECT://127.0.0.1:%d,PROXIED://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d"
                        .formatted(place.port, place.proxiedPort, place.controllerPort));
        config.put(
                "advertised.listeners",
                "DIRECT://127.0.0.1:%d,PROXIED://127.0.0.1:%d"
                        .formatted(place.port, place.advertisedPort));
        config.put(
                "listener.security.protocol.map",
                "DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT");
        config.put("log.dirs", folder.toString());
        config.put("auto.create.topics.enable", "false");
        config.put("group.initial.rebalance.delay.ms", "0");
        config.put("broker.session.timeout.ms", "6000");
        config.put("broker.heartbeat.interval.ms", "500");
        int brokers = voters.split(",").length;
        String inSync = brokers == 1 ? "1" : "2";
        config.put("default.replication.factor", Integer.toString(brokers));
        config.put("min.insync.replicas", inSync);
        for (String internal : new String[] {"offsets.topic", "transaction.state.log"}) {
            config.put(internal + ".replication.factor", Integer.toString(brokers));
            config.put(internal + ".num.partitions", "4");
        }
        config.put("transaction.state.log.min.isr", inSync);
        config.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
        config.put("log.cleaner.dedupe.buffer.size", "4194304");
        return config;
    }
}
