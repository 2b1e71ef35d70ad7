package dev.nocturne.ingest;

import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.List;
import java.util.stream.Stream;

/** A stage as the brokers see it: a consumer group on a topic, in each of its lanes. */
record PipelineStage(String name, String group, Topic<?> input) {

    /** In the order in which a request passes through them; the last shows it beside its way. */
    static final List<PipelineStage> ALL =
            List.of(
                    stage(JsonCaptionStage.NAME, Topics.CAPTIONS_JSON),
                    stage("encoder", Topics.CAPTIONS),
                    stage("generator", Topics.GENERATION_TASKS),
                    stage("scorer", Topics.TOKEN_GRIDS),
                    stage("rerank", Topics.SCORED_GRIDS),
                    stage("publisher", Topics.SELECTIONS),
                    stage("previewer", Topics.PARTIAL_GRIDS));

    /** Where the ends of jobs are told to somebody. */
    static final List<PipelineStage> WITH_WEBHOOKS =
            Stream.concat(ALL.stream(), Stream.of(stage(Webhooks.GROUP, Topics.JOB_EVENTS)))
                    .toList();

    private static PipelineStage stage(String name, Topic<?> input) {
        return new PipelineStage(name, name, input);
    }

    List<String> topics() {
        return input.lanes().stream().<String>map(Topic::name).toList();
    }
}
