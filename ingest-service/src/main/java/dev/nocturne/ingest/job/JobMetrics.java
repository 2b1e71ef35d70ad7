package dev.nocturne.ingest.job;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/**
 * What open jobs have left, and whether they will be in time. Every ingest-service shows the same;
 * what is not known is NaN.
 */
public final class JobMetrics {

    private final Supplier<List<Job>> open;
    private final Clock clock;

    /**
     * @param open the jobs that have not ended
     */
    public JobMetrics(MeterRegistry meters, Supplier<List<Job>> open, Clock clock) {
        this.open = open;
        this.clock = clock;
        gauge(meters, "nocturne.jobs.open", "jobs that have not ended", List::size);
        gauge(
                meters,
                "nocturne.jobs.captions.open",
                "captions of open jobs without a result",
                jobs -> jobs.stream().mapToLong(job -> job.counts().inProgress()).sum());
        gauge(
                meters,
                "nocturne.jobs.deadline.seconds",
                "until the next deadline of an open job; negative: it is over",
                jobs -> jobs.stream().flatMapToDouble(this::left).min().orElse(Double.NaN));
        gauge(
                meters,
                "nocturne.jobs.late.seconds",
                "by which the latest job will end after its deadline; negative: before",
                jobs -> jobs.stream().flatMapToDouble(this::late).max().orElse(Double.NaN));
    }

    private void gauge(
            MeterRegistry meters,
            String name,
            String description,
            ToDoubleFunction<List<Job>> value) {
        Gauge.builder(name, this, metrics -> value.applyAsDouble(open.get()))
                .description(description)
                .strongReference(true)
                .register(meters);
    }

    private DoubleStream left(Job job) {
        return isDue(job)
                ? DoubleStream.of(seconds(clock.instant(), job.deadline()))
                : DoubleStream.empty();
    }

    /** By the estimate, or by now where that is later, or where there is none and it is over. */
    private DoubleStream late(Job job) {
        if (!isDue(job)) {
            return DoubleStream.empty();
        }
        double now = seconds(job.deadline(), clock.instant());
        if (job.estimatedFinish() != null) {
            return DoubleStream.of(
                    Math.max(now, seconds(job.deadline(), job.estimatedFinish().latest())));
        }
        return now > 0 ? DoubleStream.of(now) : DoubleStream.empty();
    }

    /** Whether a deadline is still to be met, or was missed and work is left. */
    private static boolean isDue(Job job) {
        return job.deadline() != null
                && (job.counts().inProgress() > 0 || job.status() == Job.Status.VALIDATING);
    }

    private static double seconds(Instant from, Instant to) {
        return Duration.between(from, to).toMillis() / 1000.0;
    }
}
