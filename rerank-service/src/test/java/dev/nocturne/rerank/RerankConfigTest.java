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
        StreamsConfig streams = config(security);

        assertThat(streams.getMainConsumerConfigs("group", "client", 0))
                .containsAllEntriesOf(security);
        assertThat(streams.getRestoreConsumerConfigs("client")).containsAllEntriesOf(security);
        assertThat(streams.getProducerConfigs("client")).containsAllEntriesOf(security);
        assertThat(streams.getAdminConfigs("client")).containsAllEntriesOf(security);
    }

    @Test
    void whatTheUserSetsIsSetForTheClientsToo() {
        Map<String, String> own =
                Map.of("metadata.max.age.ms", "1000", "session.timeout.ms", "20000");

        assertThat(config(own).getMainConsumerConfigs("group", "client", 0))
                .containsAllEntriesOf(own);
        assertThat(config(Map.of()).getMainConsumerConfigs("group", "client", 0))
                .containsEntry("session.timeout.ms", KafkaSettings.SESSION_TIMEOUT_MILLIS);
        assertThat(config(Map.of()).getProducerConfigs("client"))
                .containsEntry("transaction.timeout.ms", KafkaSettings.TRANSACTION_TIMEOUT_MILLIS);
    }

    private static StreamsConfig config(Map<String, String> overrides) {
        return new StreamsConfig(
                RerankService.config(new KafkaSettings("kafka:9092", overrides), Path.of("state")));
    }
}
