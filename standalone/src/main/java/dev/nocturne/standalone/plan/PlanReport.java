package dev.nocturne.standalone.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;

/**
 * What {@code nocturne plan} says, as {@code --json} prints it.
 *
 * @param candidates of a caption
 * @param top pictures of a caption that are kept
 * @param rates files and addresses they were read from
 * @param modelsAlone whether they are of models without the pipeline
 * @param startUpSeconds of the workers
 * @param window null: the job may always run
 * @param deadline null: there is none
 * @param partitions of every topic
 * @param loss null if no worker dies
 * @param jobRetentionDays null: jobs stay until they are deleted
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
record PlanReport(
        long captions,
        int candidates,
        int top,
        String model,
        List<String> rates,
        boolean modelsAlone,
        double startUpSeconds,
        long seed,
        Instant startsAt,
        String window,
        Instant deadline,
        int partitions,
        List<StageLine> stages,
        Finish finish,
        LossLine loss,
        Bytes kafka,
        Bytes bucket,
        Double jobRetentionDays,
        double logRetentionDays) {

    /**
     * @param workers of the service that has the stage
     * @param captionsPerSecond of one worker; null, as all that follow: not measured
     * @param spread of the rate from run to run, as a share
     * @param runs in which it was measured
     * @param isSpreadAssumed as one run tells none
     */
    record StageLine(
            String stage,
            String service,
            int workers,
            Double captionsPerSecond,
            Double spread,
            Integer runs,
            Boolean isSpreadAssumed,
            Double busyShare) {}

    /**
     * Null: never, as no worker is left.
     *
     * @param earliestFinish a tenth of the simulated runs are not later
     * @param latestFinish nine of ten are not
     * @param deadlineKept by this share of the runs; null if there is no deadline
     */
    record Finish(
            Instant earliestFinish,
            Instant estimatedFinish,
            Instant latestFinish,
            Double deadlineKept,
            int runs) {}

    /**
     * @param workers as {@code generator=2@00:00}
     */
    record LossLine(List<String> workers, Finish finish) {}

    /**
     * Before compression, of one replica.
     *
     * @param keptBytes that are kept on purpose: in Kafka the results, in the bucket all
     * @param keptGigabyteMonths until it is deleted, a month being 30 days; null: without end
     */
    record Bytes(long bytes, long keptBytes, Double keptGigabyteMonths, List<BytesLine> lines) {}

    /**
     * @param kept how long, or the setting that says it
     */
    record BytesLine(String name, long bytes, String kept) {}
}
