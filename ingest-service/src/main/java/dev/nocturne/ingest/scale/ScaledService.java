package dev.nocturne.ingest.scale;

import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.LagReport.PartitionLag;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.ingest.lag.PipelineStage;
import java.util.List;
import java.util.Set;

/** A service whose workers come and go with the work, and the stages that each of them runs. */
enum ScaledService {
    ENCODER("encoder-worker", List.of("encoder")),
    GENERATOR("generator-worker", List.of("generator")),
    DECODER("decoder-worker", List.of("scorer", "publisher", "previewer"));

    private final String service;
    private final Set<String> stages;
    private final String first; // by which its workers and its partitions are counted
    private final List<String> upstream; // its own too, in the order of the pipeline

    ScaledService(String service, List<String> stages) {
        this.service = service;
        this.stages = Set.copyOf(stages);
        first = stages.get(0);
        List<String> all = PipelineStage.ALL.stream().map(PipelineStage::name).toList();
        upstream = all.subList(0, all.indexOf(stages.get(stages.size() - 1)) + 1);
    }

    String service() {
        return service;
    }

    /**
     * Whether something waits for it, or for a stage before it; also what an open transaction holds
     * back, since ours end in seconds.
     *
     * @return null if one of these stages is not known
     */
    Boolean hasLag(LagReport report) {
        boolean any = false;
        for (StageLag stage : report.stages()) {
            if (upstream.contains(stage.stage())) {
                if (stage.lag() == null) {
                    return null;
                }
                any |= stage.lag() > 0;
            }
        }
        return any;
    }

    /** More workers than these would have nothing to read. */
    int partitions(LagReport report) {
        StageLag stage = first(report);
        return (int)
                stage.partitions().stream()
                        .filter(partition -> partition.topic().equals(stage.topic()))
                        .count();
    }

    /** Workers that have something to do: no more than there are, or than partitions that wait. */
    int busyWorkers(LagReport report) {
        long waiting =
                report.stages().stream()
                        .filter(stage -> stages.contains(stage.stage()))
                        .flatMap(stage -> stage.partitions().stream())
                        .map(PartitionLag::lag)
                        .filter(lag -> lag > 0)
                        .count();
        return (int) Math.min(first(report).members(), waiting);
    }

    private StageLag first(LagReport report) {
        return report.stages().stream()
                .filter(stage -> stage.stage().equals(first))
                .findAny()
                .orElseThrow();
    }
}
