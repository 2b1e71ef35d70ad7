package dev.nocturne.ingest.scale;

import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.LagReport.PartitionLag;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.ingest.lag.LagReport.Verdict;
import dev.nocturne.ingest.lag.PipelineStage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Makes lag reports: idle, with six partitions and no worker, but for what is said. */
final class Reports {

    static final int PARTITIONS = 6;

    private final Map<String, Integer> waiting = new HashMap<>(); // partitions, by stage
    private final Map<String, Integer> members = new HashMap<>();
    private String unknown;

    /**
     * @param partitions in which a record waits
     */
    Reports waiting(String stage, int partitions) {
        waiting.put(stage, partitions);
        return this;
    }

    Reports members(String stage, int count) {
        members.put(stage, count);
        return this;
    }

    Reports unknown(String stage) {
        unknown = stage;
        return this;
    }

    LagReport at(Instant now) {
        List<StageLag> stages = new ArrayList<>();
        for (PipelineStage stage : PipelineStage.ALL) {
            int behind = waiting.getOrDefault(stage.name(), 0);
            boolean isUnknown = stage.name().equals(unknown);
            stages.add(
                    new StageLag(
                            stage.name(),
                            stage.group(),
                            stage.input().name(),
                            isUnknown ? null : Long.valueOf(behind),
                            0.0,
                            0,
                            null,
                            List.of(),
                            members.getOrDefault(stage.name(), 0),
                            Verdict.IDLE,
                            null,
                            stage.topics().stream()
                                    .flatMap(
                                            topic ->
                                                    partitions(
                                                            topic,
                                                            topic.equals(stage.input().name())
                                                                    ? behind
                                                                    : 0))
                                    .toList()));
        }
        return new LagReport(now, "cluster", stages);
    }

    private static Stream<PartitionLag> partitions(String topic, int behind) {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(i -> new PartitionLag(topic, i, 1L, 2, i < behind ? 1 : 0, 0.0, null));
    }
}
