package dev.nocturne.runtime;

import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.schemas.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;

/** What a stage counts; every meter carries the tag {@code stage}. */
final class StageMetrics {

    private static final String STAGE = "stage";

    private final MeterRegistry meters;
    private final String stage;
    private final Counter records;
    private final DistributionSummary batchRecords;
    private final Timer batch;
    private final Timer commit;
    private final QueueTime queue;

    StageMetrics(MeterRegistry meters, String stage, Topic<?> input) {
        this.meters = meters;
        this.stage = stage;
        queue = new QueueTime(meters, stage, input);
        records =
                Counter.builder("nocturne.stage.records")
                        .description("records consumed, with their outputs committed")
                        .tag(STAGE, stage)
                        .register(meters);
        batchRecords =
                DistributionSummary.builder("nocturne.stage.batch.records")
                        .description("records in a batch")
                        .tag(STAGE, stage)
                        .register(meters);
        batch =
                Timer.builder("nocturne.stage.batch")
                        .description("work on a batch, without the commit")
                        .tag(STAGE, stage)
                        .register(meters);
        commit =
                Timer.builder("nocturne.stage.commit")
                        .description("transaction of a batch's outputs and offsets")
                        .tag(STAGE, stage)
                        .register(meters);
    }

    void begun(List<? extends Input<?>> inputs) {
        inputs.forEach(input -> queue.ended(input.lane(), input.record().timestamp()));
    }

    void worked(int size, Duration elapsed) {
        batchRecords.record(size);
        batch.record(elapsed);
    }

    void committed(int size, Duration elapsed) {
        records.increment(size);
        commit.record(elapsed);
    }

    void deadLetter(String reasonCode) {
        Counter.builder("nocturne.stage.dead.letters")
                .description("records given up, by reason code")
                .tag(STAGE, stage)
                .tag("reason", reasonCode)
                .register(meters)
                .increment();
    }
}
