package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.Test;

/** Names that nothing resolves, as while a name server is away. */
class UnresolvableBrokersTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Backoff SHORT = new Backoff(Duration.ofMillis(20), LONG, 3);

    private final KafkaSettings nowhere = new KafkaSettings("kafka.invalid:9092", Map.of());

    @Test
    void topicsCannotBeMadeForTheMoment() {
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(() -> TopicAdmin.createMissing(nowhere))
                .withMessageContaining("kafka.invalid:9092");
    }

    @Test
    void anAddressThatIsNoneNeedsAPerson() {
        KafkaSettings wrong = new KafkaSettings("kafka", Map.of());
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> TopicAdmin.createMissing(wrong))
                .withMessageContaining("kafka");
    }

    @Test
    void transactionsCannotBeOpenedForTheMoment() {
        Transactions transactions =
                new Transactions(
                        () -> new KafkaProducer<>(nowhere.transactionalProducer("unused")));
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(() -> transactions.commit(List.of(), Map.of(), null));
    }

    @Test
    void aStageWaits() {
        EchoStage stage = new EchoStage(Topics.CAPTIONS, Topics.CAPTIONS);
        try (StageRunner<?> runner =
                new StageRunner<>(
                        stage,
                        nowhere,
                        new SimpleMeterRegistry(),
                        Clock.systemUTC(),
                        SHORT,
                        KafkaProducer::new)) {
            runner.start();
            await().atMost(LONG)
                    .until(() -> runner.health().message().contains("kafka.invalid:9092"));
            assertThat(runner.health().live()).isTrue();
            assertThat(runner.health().ready()).isFalse();
            assertThat(runner.failure().toCompletableFuture()).isNotDone();
        }
    }

    @Test
    void stoppedJobsAreAskedForAgain() {
        try (StoppedJobs jobs = new StoppedJobs(nowhere, new SimpleMeterRegistry())) {
            jobs.start();
            await().atMost(LONG)
                    .until(() -> jobs.health().message().contains("kafka.invalid:9092"));
            assertThat(jobs.health().live()).isTrue();
            assertThat(jobs.health().ready()).isFalse();
        }
    }
}
