package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class KafkaSettingsTest {

    private final KafkaSettings kafka = new KafkaSettings("localhost:9092", Map.of());

    @Test
    void theWorkOfADeadMemberIsFreeSoon() {
        assertThat(millis(kafka.consumer("group"), "session.timeout.ms")).isBetween(6_000, 10_000);
        // a transaction that it left open, and the brokers look every 10 s
        assertThat(millis(kafka.transactionalProducer("id"), "transaction.timeout.ms"))
                .isLessThanOrEqualTo(8_000);
    }

    @Test
    void newPartitionsAreNoticedWithinAMinute() {
        assertThat(millis(kafka.consumer("group"), "metadata.max.age.ms"))
                .isLessThanOrEqualTo(45_000);
        assertThat(millis(kafka.producer(), "metadata.max.age.ms")).isLessThanOrEqualTo(45_000);
    }

    @Test
    void overridesWin() {
        KafkaSettings overridden =
                new KafkaSettings("localhost:9092", Map.of("session.timeout.ms", "30000"));
        assertThat(overridden.consumer("group")).containsEntry("session.timeout.ms", "30000");
    }

    private static int millis(Map<String, Object> config, String name) {
        return Integer.parseInt(String.valueOf(config.get(name)));
    }
}
