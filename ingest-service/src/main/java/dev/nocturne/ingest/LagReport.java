package dev.nocturne.ingest;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Instant;
import java.util.List;

/** Consumer lag of every stage at one moment. Lag is in offsets, transaction markers included. */
@JsonNaming(SnakeCaseStrategy.class)
public record LagReport(Instant measuredAt, String cluster, List<StageLag> stages) {

    /**
     * @param topic that of the bulk lane
     * @param lag sum over the partitions of all lanes
     * @param lagSeconds the longest over the partitions; null if one is not known
     * @param ratePerSecond recent progress in offsets per second
     * @param drainSeconds until the lag is gone at that rate; null if nothing moves
     * @param members workers that read
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record StageLag(
            String stage,
            String group,
            String topic,
            long lag,
            Double lagSeconds,
            double ratePerSecond,
            Double drainSeconds,
            List<LaneLag> lanes,
            int members,
            Verdict verdict,
            List<PartitionLag> partitions) {

        /** 0 if the stage has one lane only. */
        public long interactiveLag() {
            return lanes.stream()
                    .filter(lane -> lane.lane().equals("interactive"))
                    .mapToLong(LaneLag::lag)
                    .sum();
        }
    }

    /**
     * A stage's share of one lane.
     *
     * @param lane {@code interactive} or {@code bulk}
     * @param lagSeconds the longest over the partitions; null if one is not known
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record LaneLag(String lane, String topic, long lag, Double lagSeconds) {}

    /** In one word. */
    public enum Verdict {
        /** nothing waits */
        @JsonProperty("idle")
        IDLE,
        /** something waits, and is read */
        @JsonProperty("working")
        WORKING,
        /** something waits and workers are there, but for minutes nothing was read */
        @JsonProperty("stalled")
        STALLED,
        /** something waits, and nobody reads */
        @JsonProperty("stopped")
        STOPPED
    }

    /**
     * @param committed null if the group has committed nothing
     * @param logEnd where the next committed record will be read
     * @param lagSeconds age of the next record to be read, 0 if there is none; null if it could not
     *     be read in time
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record PartitionLag(
            String topic,
            int partition,
            Long committed,
            long logEnd,
            long lag,
            Double lagSeconds) {}
}
