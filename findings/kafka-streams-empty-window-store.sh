#!/bin/sh
# Kafka Streams 4.4.0, exactly-once, a task with two persistent stores of which the window store is still empty.
#
# Every clean restart takes the task for corrupted: "State store ... did not find checkpoint offsets while stores
# are not empty", wipes the local state of both stores and restores them from their changelogs. 4.1.2, with the same
# program on the same input, restarts without a word and keeps its state. The likely cause: 4.4.0 keeps a store's
# offset inside the store, and a segmented store without a segment has no place for it. Nothing is lost, but each
# restart pays a full restore of the other store until the window store has its first record.
#
# Seen on JDK 17: "warnings of a corrupted task at the second start: 4.4.0: 2, 4.1.2: 0".
# Needs a JDK 17 and Maven. Fails if either version behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/src/main/java"
cat >"$folder/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><streams>4.4.0</streams></properties>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-streams</artifactId><version>${streams}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${streams}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-metadata</artifactId><version>${streams}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
cat >"$folder/src/main/java/Finding.java" <<'JAVA'
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

public class Finding {
    static final CountDownLatch[] STORED = {new CountDownLatch(1), new CountDownLatch(1)};
    static int run;

    static final class Keep implements Processor<String, String, String, String> {
        private KeyValueStore<String, String> kept;

        public void init(ProcessorContext<String, String> context) {
            kept = context.getStateStore("kept");
        }

        public void process(Record<String, String> record) {
            kept.put(record.key(), record.value());
            STORED[run].countDown();
        }
    }

    static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        Path log = folder.resolve("log");
        int port = freePort();
        int controller = freePort();
        new Formatter().setNodeId(1).setClusterId(Uuid.randomUuid().toString()).addDirectory(log.toString())
                .setMetadataLogDirectory(log.toString()).setControllerListenerName("CONTROLLER")
                .setPrintStream(new PrintStream(OutputStream.nullOutputStream())).run();
        Map<String, String> config = new HashMap<>(Map.of(
                "process.roles", "broker,controller", "node.id", "1",
                "controller.quorum.voters", "1@localhost:" + controller,
                "controller.listener.names", "CONTROLLER",
                "listeners", "PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controller,
                "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "log.dirs", log.toString(), "offsets.topic.replication.factor", "1",
                "transaction.state.log.replication.factor", "1", "transaction.state.log.min.isr", "1"));
        config.put("group.initial.rebalance.delay.ms", "0");
        KafkaRaftServer broker = new KafkaRaftServer(new KafkaConfig(config), Time.SYSTEM);
        broker.startup();
        String servers = "localhost:" + port;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
            admin.createTopics(List.of(new NewTopic("input", 1, (short) 1))).all().get();
        }
        for (run = 0; run < 2; run++) {
            Topology topology = new Topology();
            topology.addSource("source", "input").addProcessor("keep", Keep::new, "source");
            topology.addStateStore(Stores.keyValueStoreBuilder(
                    Stores.persistentKeyValueStore("kept"), Serdes.String(), Serdes.String()), "keep");
            topology.addStateStore(Stores.windowStoreBuilder(Stores.persistentWindowStore(
                    "empty", Duration.ofHours(1), Duration.ofHours(1), false), Serdes.String(), Serdes.String()), "keep");
            Properties settings = new Properties();
            settings.put("application.id", "finding");
            settings.put("bootstrap.servers", servers);
            settings.put("state.dir", folder.resolve("state").toString());
            settings.put("processing.guarantee", "exactly_once_v2");
            settings.put("default.key.serde", Serdes.StringSerde.class);
            settings.put("default.value.serde", Serdes.StringSerde.class);
            System.err.println("START " + (run + 1));
            KafkaStreams streams = new KafkaStreams(topology, settings);
            streams.start();
            try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                    Map.of("bootstrap.servers", servers), new StringSerializer(), new StringSerializer())) {
                producer.send(new ProducerRecord<>("input", "key", "value " + run)).get();
            }
            if (!STORED[run].await(120, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nothing was stored");
            }
            streams.close(Duration.ofSeconds(30));
        }
        broker.shutdown();
        broker.awaitShutdown();
        System.exit(0);
    }
}
JAVA
warnings() { # version
    (cd "$folder" && mvn --batch-mode --quiet "-Dstreams=$1" clean compile dependency:build-classpath \
        -Dmdep.outputFile="$folder/classpath" -Dmdep.pathSeparator=: >&2)
    mkdir "$folder/$1"
    java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$folder/target/classes:$(cat "$folder/classpath")" \
        Finding "$folder/$1" >"$folder/$1.log" 2>&1 || { tail -n 20 "$folder/$1.log" >&2; exit 1; }
    sed -n '/^START 2/,$p' "$folder/$1.log" | grep -c 'did not find checkpoint offsets while stores are not empty' || true
}
new=$(warnings 4.4.0)
old=$(warnings 4.1.2)
echo "warnings of a corrupted task at the second start: 4.4.0: $new, 4.1.2: $old"
[ "$new" -ge 1 ] && [ "$old" -eq 0 ]
