package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class WorkThreadTest {

    private static final Duration LONG = Duration.ofMinutes(1);

    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    private final EchoStage stage =
            new EchoStage(Topics.CAPTIONS, Topics.CAPTIONS) {
                @Override
                public void process(List<CaptionSubmitted> batch, Outbox out) {
                    begun.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }
            };

    /** A batch may wait for hours until it is committed, because brokers are away. */
    @Test
    void onlyAnAttemptThatIsUnderWayCanBeStalled() throws Exception {
        StageMetrics metrics =
                new StageMetrics(new SimpleMeterRegistry(), stage.name(), stage.input());
        StageWork<CaptionSubmitted> work =
                new StageWork<>(stage, Clock.systemUTC(), metrics, KafkaSettings.MAX_RECORD_BYTES);
        WorkThread<CaptionSubmitted> thread =
                new WorkThread<>(stage, work, () -> {}, Duration.ofNanos(-1));
        Batch<CaptionSubmitted> batch = new Batch<>(List.of(input()), Backoff.DEFAULT);
        try {
            assertThat(thread.isStalled()).isFalse();
            thread.begin(batch);
            assertThat(begun.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(batch.state()).isEqualTo(Batch.State.AT_WORK);
            assertThat(thread.isStalled()).isTrue();

            goOn.countDown();
            await().atMost(LONG).until(() -> batch.state() == Batch.State.WORKED);
            assertThat(thread.isStalled()).isFalse();
        } finally {
            goOn.countDown();
            thread.close();
        }
    }

    private Input<CaptionSubmitted> input() {
        CaptionSubmitted caption =
                CaptionSubmitted.newBuilder()
                        .setJobId("job-1")
                        .setCustomId("a")
                        .setCaption("an apple")
                        .setSubmittedAt(Instant.EPOCH)
                        .build();
        return Input.of(
                stage,
                new ConsumerRecord<>(
                        Topics.CAPTIONS.name(),
                        0,
                        0,
                        "key".getBytes(UTF_8),
                        EventCodec.encode(caption)));
    }
}
