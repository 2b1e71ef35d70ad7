package dev.nocturne.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBrokerTest {
    private static final String TOPIC = "captions";

    @TempDir Path folder;

    @Test
    void keepsCommittedRecordsOverARestartOnAnotherPort() throws Exception {
        String firstAddress;
        try (EmbeddedBroker broker = EmbeddedBroker.start(folder, 0)) {
            firstAddress = broker.bootstrapServers();
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", firstAddress))) {
                admin.createTopics(Set.of(new NewTopic(TOPIC, 1, (short) 1))).all().get();
            }
            inTransaction(firstAddress, "a red heart", true);
            inTransaction(firstAddress, "never committed", false);
            assertThat(committed(firstAddress)).containsExactly("a red heart");
        }

        int otherPort = Preflight.freePort(0);
        try (EmbeddedBroker broker = EmbeddedBroker.start(folder, otherPort)) {
            assertThat(broker.bootstrapServers())
                    .endsWith(":" + otherPort)
                    .isNotEqualTo(firstAddress);
            inTransaction(broker.bootstrapServers(), "a snowman", true);
            assertThat(committed(broker.bootstrapServers()))
                    .containsExactly("a red heart", "a snowman");
        }
    }

    /** Offsets and states of transactions that newer ones supersede leave the disk with a file. */
    @Test
    void theBrokersOwnTopicsHaveSmallFiles() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start(folder, 0);
                Admin admin =
                        Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(Set.of(new NewTopic(TOPIC, 1, (short) 1))).all().get();
            inTransaction(broker.bootstrapServers(), "a red heart", true);
            admin.listConsumerGroupOffsets("any").partitionsToOffsetAndMetadata().get();

            List<ConfigResource> topics =
                    Stream.of("__consumer_offsets", "__transaction_state")
                            .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                            .toList();
            assertThat(admin.describeConfigs(topics).all().get().values())
                    .extracting(config -> config.get("segment.bytes").value())
                    .containsOnly("1048576");
        }
    }

    @Test
    void namesAPortThatIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> EmbeddedBroker.start(folder, taken.getLocalPort()))
                    .isInstanceOf(EmbeddedServerException.class)
                    .hasMessageContaining("Port " + taken.getLocalPort() + " is already in use");
        }
    }

    @Test
    void namesAFolderThatCannotBeUsed() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));

        assertThatThrownBy(() -> EmbeddedBroker.start(file, 0))
                .isInstanceOf(EmbeddedServerException.class)
                .hasMessage("Data folder " + file + " is a file: choose another folder");
        assertThatThrownBy(() -> EmbeddedBroker.start(file.resolve("below"), 0))
                .isInstanceOf(EmbeddedServerException.class)
                .hasMessageContaining(file + "/below cannot be written");
    }

    private static void inTransaction(String bootstrapServers, String value, boolean commit) {
        Map<String, Object> config =
                Map.of("bootstrap.servers", bootstrapServers, "transactional.id", "test");
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(TOPIC, value));
            if (commit) {
                producer.commitTransaction();
            } else {
                producer.flush();
                producer.abortTransaction();
            }
        }
    }

    private static List<String> committed(String bootstrapServers) {
        Map<String, Object> config =
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
        TopicPartition partition = new TopicPartition(TOPIC, 0);
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(Set.of(partition));
            consumer.seekToBeginning(Set.of(partition));
            long end = consumer.endOffsets(Set.of(partition)).get(partition);
            List<String> values = new ArrayList<>();
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<String, String> record :
                        consumer.poll(Duration.ofMillis(200))) {
                    values.add(record.value());
                }
            }
            return values;
        }
    }
}
