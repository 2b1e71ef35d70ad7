package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class KafkaSecurityTest {

    private static final Map<String, String> SECURITY =
            Map.of(
                    "security.protocol", "SASL_SSL",
                    "sasl.mechanism", "PLAIN",
                    "sasl.jaas.config", "password=\"of-the-night\";",
                    "ssl.truststore.location", "/etc/nocturne/ca.pem");

    @Test
    void everyKindOfClientIsLetInTheSameWay() {
        KafkaSettings kafka = new KafkaSettings("kafka:9093", SECURITY);

        assertThat(
                        Stream.of(
                                kafka.admin(),
                                kafka.consumer(),
                                kafka.consumer("group"),
                                kafka.producer(),
                                kafka.transactionalProducer("id")))
                .allSatisfy(
                        config ->
                                assertThat(config)
                                        .containsAllEntriesOf(SECURITY)
                                        .containsEntry("bootstrap.servers", "kafka:9093"));
    }

    @Test
    void aLogSeesNoPassword() {
        assertThat(new KafkaSettings("kafka:9093", SECURITY).toString())
                .contains("kafka:9093", "sasl.jaas.config")
                .doesNotContain("of-the-night");
    }
}
