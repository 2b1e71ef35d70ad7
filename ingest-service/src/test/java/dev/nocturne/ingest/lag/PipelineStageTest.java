package dev.nocturne.ingest.lag;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.runtime.registry.RegistrySettings;
import org.junit.jupiter.api.Test;

class PipelineStageTest {

    private static final RegistrySettings REGISTRY = RegistrySettings.parse("http://r", null);

    @Test
    void everyGroupThatThereIsIsInTheViews() {
        assertThat(PipelineStage.of(false, RegistrySettings.NONE))
                .startsWith(PipelineStage.ALL.toArray(PipelineStage[]::new))
                .extracting(PipelineStage::group)
                .contains("ingest-leader")
                .hasSize(PipelineStage.ALL.size() + 1);
        assertThat(PipelineStage.of(false, REGISTRY))
                .extracting(PipelineStage::group)
                .contains("registry-captions")
                .doesNotContain("registry-results", "webhooks");
        assertThat(PipelineStage.of(true, RegistrySettings.parse("http://r", "true")))
                .extracting(PipelineStage::group)
                .containsAll(PipelineStage.BESIDE)
                .containsAll(PipelineStage.ALL.stream().map(PipelineStage::group).toList());
    }
}
