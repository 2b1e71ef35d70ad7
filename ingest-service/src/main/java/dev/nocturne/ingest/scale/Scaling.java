package dev.nocturne.ingest.scale;

import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.job.WorkLeft;
import dev.nocturne.ingest.lag.LagMonitor;
import dev.nocturne.ingest.lag.LagReport;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Shows how many workers each service should have, anew with every measurement of lag. What is not
 * known is not there: whoever scales then leaves everything as it is. Every ingest-service shows
 * it, from what it has seen itself.
 */
public final class Scaling {

    private final JobTable jobs;
    private final Supplier<String> outage;
    private final WorkerRates rates = new WorkerRates(); // guarded by this
    private final MultiGauge wanted;
    private final MultiGauge backlog;
    private final MultiGauge rate;

    /**
     * @param outage null while the jobs are known
     */
    public Scaling(JobTable jobs, Supplier<String> outage, MeterRegistry meters) {
        this.jobs = jobs;
        this.outage = outage;
        wanted = gauge(meters, "wanted", "workers that the service should have now");
        backlog = gauge(meters, "backlog.candidates", "candidates that the service has left");
        rate = gauge(meters, "candidates.per.second", "of one worker; not there until measured");
    }

    private static MultiGauge gauge(MeterRegistry meters, String name, String description) {
        return MultiGauge.builder("nocturne.workers." + name)
                .description(description)
                .register(meters);
    }

    /** The lag is known anew, or no longer. */
    public synchronized void measured(LagMonitor.State lag) {
        List<Row<?>> wants = new ArrayList<>();
        List<Row<?>> backlogs = new ArrayList<>();
        List<Row<?>> speeds = new ArrayList<>();
        if (lag.report() != null && outage.get() == null) {
            rates.add(lag.report(), jobs.throughput().finishedCandidates());
            List<WorkLeft> left = jobs.started(WorkLeft::of);
            for (ScaledService service : ScaledService.values()) {
                show(service, lag.report(), left, wants, backlogs, speeds);
            }
        }
        wanted.register(wants, true);
        backlog.register(backlogs, true);
        rate.register(speeds, true);
    }

    private void show(
            ScaledService service,
            LagReport report,
            List<WorkLeft> left,
            List<Row<?>> wants,
            List<Row<?>> backlogs,
            List<Row<?>> speeds) {
        Tags tags = Tags.of("service", service.service());
        Boolean hasLag = service.hasLag(report);
        int partitions = service.partitions(report);
        if (hasLag == null || partitions == 0) {
            return;
        }
        Instant now = report.measuredAt();
        double perSecond = rates.perSecond(service);
        List<ScaleRules.Due> due =
                ScaleRules.due(
                        left.stream()
                                .filter(job -> job.isDrawn() || service == ScaledService.DECODER)
                                .toList(),
                        hasLag,
                        now);
        wants.add(Row.of(tags, ScaleRules.workers(due, hasLag, perSecond, partitions, now)));
        backlogs.add(Row.of(tags, due.stream().mapToDouble(one -> one.work().candidates()).sum()));
        if (!Double.isNaN(perSecond)) {
            speeds.add(Row.of(tags, perSecond));
        }
    }
}
