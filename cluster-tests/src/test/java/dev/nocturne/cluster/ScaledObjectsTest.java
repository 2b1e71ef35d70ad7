package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.schemas.Topics;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What KEDA is told fits the workers, the topics and the metric that it asks for, which {@link
 * PodsFaultIT} sees on a running service.
 */
class ScaledObjectsTest {

    private static final Path OVERLAY = Manifests.FOLDER.resolve("overlays/keda");

    /** All that is used here; another word is an error. */
    record ScaledObject(String apiVersion, String kind, ObjectMeta metadata, Spec spec) {
        record Spec(
                Target scaleTargetRef,
                int minReplicaCount,
                int maxReplicaCount,
                int pollingInterval,
                int cooldownPeriod,
                Advanced advanced,
                List<Trigger> triggers) {}

        record Target(String name) {}

        record Advanced(AutoscalerConfig horizontalPodAutoscalerConfig) {}

        record AutoscalerConfig(Behavior behavior) {}

        record Behavior(ScaleDown scaleDown) {}

        record ScaleDown(int stabilizationWindowSeconds) {}

        record Trigger(String type, String metricType, Map<String, String> metadata) {}
    }

    private static List<ScaledObject> scaled() throws IOException {
        return Manifests.readAll(OVERLAY.resolve("scaled-objects.yaml"), ScaledObject.class);
    }

    @Test
    void everyWorkerIsScaledFromZeroToItsPartitions() throws Exception {
        Manifests base = Manifests.of(Manifests.FOLDER.resolve("base"));

        assertThat(scaled())
                .extracting(object -> object.spec().scaleTargetRef().name())
                .containsExactlyInAnyOrder("encoder-worker", "generator-worker", "decoder-worker");
        for (ScaledObject object : scaled()) {
            assertThat(object.apiVersion()).isEqualTo("keda.sh/v1alpha1");
            assertThat(object.kind()).isEqualTo("ScaledObject");
            assertThat(base.all(Deployment.class))
                    .extracting(deployment -> deployment.getMetadata().getName())
                    .contains(object.metadata().getName())
                    .contains(object.spec().scaleTargetRef().name());
            assertThat(object.spec().minReplicaCount()).isZero();
            assertThat(object.spec().maxReplicaCount())
                    .isEqualTo(Topics.CAPTIONS.partitions())
                    .isEqualTo(Topics.GENERATION_TASKS.partitions())
                    .isEqualTo(Topics.TOKEN_GRIDS.partitions());
        }
    }

    /** Two minutes, of which lag is 5 s old. */
    @Test
    void allGoWithinTwoMinutes() throws Exception {
        for (ScaledObject object : scaled()) {
            assertThat(object.spec().cooldownPeriod() + 2 * object.spec().pollingInterval() + 5)
                    .isLessThan(120);
        }
    }

    @Test
    void theTriggerAsksIngestServiceForTheWorkersOfItsOwnService() throws Exception {
        Service ingest =
                Manifests.of(Manifests.FOLDER.resolve("base")).all(Service.class).stream()
                        .filter(service -> service.getMetadata().getName().equals("ingest-service"))
                        .findAny()
                        .orElseThrow();
        for (ScaledObject object : scaled()) {
            assertThat(object.spec().triggers())
                    .singleElement()
                    .isEqualTo(
                            new ScaledObject.Trigger(
                                    "metrics-api",
                                    "AverageValue",
                                    Map.of(
                                            "url",
                                            "http://ingest-service.nocturne.svc:%d/q/metrics"
                                                    .formatted(
                                                            ingest.getSpec()
                                                                    .getPorts()
                                                                    .get(0)
                                                                    .getPort()),
                                            "format",
                                            "prometheus",
                                            "valueLocation",
                                            "nocturne_workers_wanted{service=\"%s\"}"
                                                    .formatted(object.metadata().getName()),
                                            "targetValue",
                                            "1",
                                            "activationTargetValue",
                                            "0")));
        }
    }

    /** Otherwise each apply would start workers, or conflict with the autoscaler. */
    @Test
    void noManifestSaysHowManyWorkersThereAre() throws Exception {
        Set<String> names = Set.of("encoder-worker", "generator-worker", "decoder-worker");
        for (Path folder : Manifests.folders()) {
            assertThat(Manifests.of(folder).all(Deployment.class))
                    .filteredOn(deployment -> names.contains(deployment.getMetadata().getName()))
                    .allMatch(deployment -> deployment.getSpec().getReplicas() == null);
        }
    }

    @Test
    void kedasOperatorIsLetIn() throws Exception {
        assertThat(Manifests.of(OVERLAY).all(NetworkPolicy.class))
                .singleElement()
                .satisfies(
                        policy ->
                                assertThat(policy.getSpec().getPodSelector().getMatchLabels())
                                        .containsEntry("app.kubernetes.io/name", "ingest-service"));
    }

    @Test
    void theDashboardShowsTheMetricThatKedaAsksFor() throws Exception {
        assertThat(MonitoringFiles.dashboard().findValuesAsText("expr"))
                .anyMatch(expression -> expression.contains("nocturne_workers_wanted"));
    }
}
