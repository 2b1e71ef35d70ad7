#!/bin/sh
# Kafka 4.4.0, a broker, DeleteRecords of all records of a partition that nobody writes to any more.
#
# The beginning of the partition moves to its end, and readers see nothing. On disk every record stays, in the last
# file of the log, for as long as nobody writes: neither segment.ms, which is over, nor the broker's check of its
# files, which goes on every second, ends that file. By retention.ms alone, the same records in the same file do leave
# the disk. So an application that deletes what it has read, or what somebody asked it to delete, leaves up to
# segment.bytes (1 GiB) of it on the disk of every idle partition; the next record that is written frees it.
#
# Seen on JDK 17: "kB on disk: written 20624; deleted 20624; one more record 0; by retention.ms 0".
# Needs a JDK 17 and Maven. Fails if the broker behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/src/main/java"
cat >"$folder/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target></properties>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.4.0</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-metadata</artifactId><version>4.4.0</version></dependency>
    <dependency><groupId>org.awaitility</groupId><artifactId>awaitility</artifactId><version>4.3.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
cat >"$folder/src/main/java/Finding.java" <<'JAVA'
import static org.awaitility.Awaitility.await;

import java.io.OutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

public class Finding {
    static final int RECORDS = 2_000;
    static Path log;

    static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    static long kilobytes(String topic) throws Exception {
        try (Stream<Path> files = Files.list(log.resolve(topic + "-0"))) {
            return files.filter(file -> file.toString().contains(".log")).mapToLong(file -> file.toFile().length()).sum() / 1_000;
        }
    }

    static long awaitNone(String topic) {
        return await().atMost(Duration.ofMinutes(1)).until(() -> kilobytes(topic), left -> left <= 1);
    }

    static void write(String servers, String topic, int records) throws Exception {
        byte[] value = new byte[10_240];
        new Random(1).nextBytes(value);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", servers), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < records; i++) {
                producer.send(new ProducerRecord<>(topic, 0, null, records == 1 ? new byte[1] : value));
            }
        }
    }

    public static void main(String[] args) throws Exception {
        log = Path.of(args[0]).resolve("log");
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
                "log.dirs", log.toString()));
        config.put("log.initial.task.delay.ms", "1000");
        config.put("log.retention.check.interval.ms", "1000");
        KafkaRaftServer broker = new KafkaRaftServer(new KafkaConfig(config), Time.SYSTEM);
        broker.startup();
        String servers = "localhost:" + port;
        Map<String, String> topic = Map.of("segment.ms", "2000", "retention.ms", "-1", "file.delete.delay.ms", "1000");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
            admin.createTopics(List.of(
                    new NewTopic("deleted", 1, (short) 1).configs(topic),
                    new NewTopic("expired", 1, (short) 1).configs(topic))).all().get();
            // within segment.ms, so that each is one file
            write(servers, "deleted", RECORDS);
            write(servers, "expired", RECORDS);
            TopicPartition partition = new TopicPartition("deleted", 0);
            long end = admin.listOffsets(Map.of(partition, OffsetSpec.latest())).partitionResult(partition).get().offset();
            long written = kilobytes("deleted");
            admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(end))).all().get();
            long beginning = admin.listOffsets(Map.of(partition, OffsetSpec.earliest())).partitionResult(partition).get().offset();
            if (beginning != end) {
                throw new IllegalStateException("not deleted");
            }
            long deleted = await().during(Duration.ofSeconds(30)).atMost(Duration.ofSeconds(40))
                    .until(() -> kilobytes("deleted"), left -> left > 5_000);
            write(servers, "deleted", 1);
            long more = awaitNone("deleted");
            admin.incrementalAlterConfigs(Map.of(
                    new ConfigResource(ConfigResource.Type.TOPIC, "expired"),
                    List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "2000"), OpType.SET)))).all().get();
            long expired = awaitNone("expired");
            System.out.printf("kB on disk: written %d; deleted %d; one more record %d; by retention.ms %d%n",
                    written, deleted, more, expired);
        }
        broker.shutdown();
        broker.awaitShutdown();
        System.exit(0);
    }
}
JAVA
(cd "$folder" && mvn --batch-mode --quiet compile dependency:build-classpath \
    -Dmdep.outputFile="$folder/classpath" -Dmdep.pathSeparator=: >&2)
java -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$folder/target/classes:$(cat "$folder/classpath")" \
    Finding "$folder" >"$folder/output" 2>"$folder/errors" || { tail -n 20 "$folder/errors" >&2; exit 1; }
grep kB "$folder/output"
