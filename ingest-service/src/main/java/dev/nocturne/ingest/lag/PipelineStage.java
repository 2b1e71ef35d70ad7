package dev.nocturne.ingest.lag;

import dev.nocturne.ingest.caption.JsonCaptionStage;
import dev.nocturne.ingest.result.RegistryResultStage;
import dev.nocturne.ingest.webhook.Webhooks;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A stage as the brokers see it: a consumer group on a topic, in each of its lanes. */
public record PipelineStage(String name, String group, Topic<?> input) {

    private static final String REGISTRY_CAPTIONS = "registry-captions";

    /** In the order in which a request passes through them; the last shows it beside its way. */
    public static final List<PipelineStage> ALL =
            List.of(
                    stage(JsonCaptionStage.NAME, Topics.CAPTIONS_JSON),
                    stage("encoder", Topics.CAPTIONS),
                    stage("generator", Topics.GENERATION_TASKS),
                    stage("scorer", Topics.TOKEN_GRIDS),
                    stage("rerank", Topics.SCORED_GRIDS),
                    stage("publisher", Topics.SELECTIONS),
                    stage("previewer", Topics.PARTIAL_GRIDS));

    /** Who reads what is not a step of a request of a file: none of them waits for these. */
    static final Set<String> BESIDE =
            Set.of(
                    Webhooks.GROUP,
                    REGISTRY_CAPTIONS,
                    RegistryResultStage.NAME,
                    Topics.INGEST_LEADER.name());

    /** As this installation has them. */
    public static List<PipelineStage> of(boolean webhooks, RegistrySettings registry) {
        List<PipelineStage> stages = new ArrayList<>(ALL);
        if (registry.url().isPresent()) {
            stages.add(stage(REGISTRY_CAPTIONS, Topics.CAPTIONS));
        }
        if (registry.results()) {
            stages.add(stage(RegistryResultStage.NAME, Topics.RESULTS));
        }
        if (webhooks) {
            stages.add(stage(Webhooks.GROUP, Topics.JOB_EVENTS));
        }
        // its members elect who leads, and read nothing
        stages.add(stage(Topics.INGEST_LEADER.name(), Topics.INGEST_LEADER));
        return List.copyOf(stages);
    }

    private static PipelineStage stage(String name, Topic<?> input) {
        return new PipelineStage(name, name, input);
    }

    /** Names of its input's lanes. */
    public List<String> topics() {
        return input.lanes().stream().<String>map(Topic::name).toList();
    }
}
