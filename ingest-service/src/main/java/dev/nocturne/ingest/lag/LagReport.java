package dev.nocturne.ingest.lag;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Instant;
import java.util.List;

/**
 * Consumer lag of every stage at one moment. Lag is in offsets, up to the end of the log: markers
 * of transactions count where a record waits, too, and so does what open transactions hold back.
 */
@JsonNaming(SnakeCaseStrategy.class)
public record LagReport(Instant measuredAt, String cluster, List<StageLag> stages) {

    /** Whether it is known that no request waits anywhere; the end of a job is told later. */
    @JsonIgnore
    public boolean isEmpty() {
        return stages.stream()
                .filter(stage -> !PipelineStage.BESIDE.contains(stage.group()))
                .allMatch(stage -> stage.lag() != null && stage.lag() == 0);
    }

    /**
     * @param topic that of the bulk lane
     * @param lag sum over the partitions of all lanes; null if one of them is not known
     * @param lagSeconds the longest over the partitions; null if one is not known
     * @param ratePerSecond recent progress in offsets per second
     * @param drainSeconds until the lag is gone at that rate; null if nothing moves
     * @param members workers that read
     * @param trouble what is wrong with its topics, holds back what is in them, or leaves workers
     *     without a partition; null if nothing
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record StageLag(
            String stage,
            String group,
            String topic,
            Long lag,
            Double lagSeconds,
            double ratePerSecond,
            Double drainSeconds,
            List<LaneLag> lanes,
            int members,
            Verdict verdict,
            String trouble,
            List<PartitionLag> partitions) {

        /** 0 if the stage has one lane only; null if it is not known. */
        public Long interactiveLag() {
            return lanes.stream()
                    .filter(lane -> lane.lane().equals("interactive"))
                    .findAny()
                    .map(LaneLag::lag)
                    .orElse(lanes.size() > 1 ? null : Long.valueOf(0));
        }
    }

    /**
     * A stage's share of one lane.
     *
     * @param lane {@code interactive} or {@code bulk}
     * @param lag null if it is not known
     * @param lagSeconds the longest over the partitions; null if one is not known
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record LaneLag(String lane, String topic, Long lag, Double lagSeconds) {}

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
        STOPPED,
        /** something waits, for the end of an open transaction alone */
        @JsonProperty("blocked")
        BLOCKED,
        /** a topic is not there or cannot be asked */
        @JsonProperty("unknown")
        UNKNOWN
    }

    /**
     * @param committed null if the group has committed nothing
     * @param logEnd the high watermark
     * @param lagSeconds age of the next record to be read, 0 if there is none; null if it could not
     *     be read in time
     * @param openTransactionSince when the transaction began that holds back what is behind it;
     *     null if none does
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record PartitionLag(
            String topic,
            int partition,
            Long committed,
            long logEnd,
            long lag,
            Double lagSeconds,
            Instant openTransactionSince) {}
}
