package dev.nocturne.rerank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.runtime.KafkaSettings;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.Test;

class RerankConfigTest {

    @Test
    void everyClientOfStreamsIsLetIn() {
        Map<String, String> security =
                Map.of("security.protocol", "SASL_SSL", "sasl.jaas.config", "login;");
        StreamsConfig streams =
                new StreamsConfig(
                        RerankService.config(
                                new KafkaSettings("kafka:9093", security), Path.of("state")));

        assertThat(streams.getMainConsumerConfigs("group", "client", 0))
                .containsAllEntriesOf(security);
        assertThat(streams.getRestoreConsumerConfigs("client")).containsAllEntriesOf(security);
        assertThat(streams.getProducerConfigs("client")).containsAllEntriesOf(security);
        assertThat(streams.getAdminConfigs("client")).containsAllEntriesOf(security);
    }
}
