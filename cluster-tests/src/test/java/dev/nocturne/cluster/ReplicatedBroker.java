package dev.nocturne.cluster;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * One of several brokers and controllers on this machine, as a process: topics have a replica on
 * each. Clients may come by a second listener, whose address is a proxy's.
 */
final class ReplicatedBroker {
    private static final String CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw";

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

    /** {@code DATA_DIR NODE_ID PORT CONTROLLER_PORT PROXIED_PORT ADVERTISED_PORT VOTERS}. */
    public static void main(String[] args) throws Exception {
        Path folder = Files.createDirectories(Path.of(args[0]));
        Place place =
                new Place(
                        Integer.parseInt(args[1]),
                        Integer.parseInt(args[2]),
                        Integer.parseInt(args[3]),
                        Integer.parseInt(args[4]),
                        Integer.parseInt(args[5]));
        if (Files.notExists(folder.resolve("meta.properties"))) {
            new Formatter()
                    .setNodeId(place.nodeId)
                    .setClusterId(CLUSTER_ID)
                    .addDirectory(folder.toString())
                    .setMetadataLogDirectory(folder.toString())
                    .setControllerListenerName("CONTROLLER")
                    .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
                    .run();
        }
        KafkaRaftServer server =
                new KafkaRaftServer(new KafkaConfig(config(folder, place, args[6])), Time.SYSTEM);
        server.startup();
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
        System.out.println("ReplicatedBroker ready at 127.0.0.1:" + place.port);
    }

    private static Map<String, String> config(Path folder, Place place, String voters) {
        Map<String, String> config = new HashMap<>();
        config.put("process.roles", "broker,controller");
        config.put("node.id", Integer.toString(place.nodeId));
        config.put("controller.quorum.voters", voters);
        config.put("controller.listener.names", "CONTROLLER");
        config.put("inter.broker.listener.name", "PLAINTEXT");
        config.put(
                "listeners",
                "PLAINTEXT://127.0.0.1:%d,PROXIED://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d"
                        .formatted(place.port, place.proxiedPort, place.controllerPort));
        config.put(
                "advertised.listeners",
                "PLAINTEXT://127.0.0.1:%d,PROXIED://127.0.0.1:%d"
                        .formatted(place.port, place.advertisedPort));
        config.put(
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT");
        config.put("log.dirs", folder.toString());
        config.put("auto.create.topics.enable", "false");
        config.put("group.initial.rebalance.delay.ms", "0");
        config.put("broker.session.timeout.ms", "6000");
        config.put("broker.heartbeat.interval.ms", "500");
        config.put("default.replication.factor", "3");
        config.put("min.insync.replicas", "2");
        config.put("offsets.topic.num.partitions", "4");
        config.put("transaction.state.log.num.partitions", "4");
        config.put("log.cleaner.dedupe.buffer.size", "4194304");
        return config;
    }
}
