package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Service;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What deploy/monitoring says of alerts is the same everywhere, and fits the services. Whether its
 * metrics are there is seen by {@link PodsFaultIT}; its values are tested by promtool.
 */
class MonitoringTest {

    private static final Path OVERLAY = Manifests.FOLDER.resolve("overlays/monitoring");

    record PrometheusRule(
            String apiVersion, String kind, ObjectMeta metadata, MonitoringFiles.Rules spec) {}

    record ServiceMonitor(String apiVersion, String kind, ObjectMeta metadata, Spec spec) {
        record Spec(LabelSelector selector, String jobLabel, List<Endpoint> endpoints) {}

        record Endpoint(String port, String path, String interval) {}
    }

    private final ComposeFile compose = ComposeFile.read(Path.of("..", "docker-compose.yml"));

    MonitoringTest() throws IOException {}

    @Test
    void theClustersRulesAreThoseOfTheFile() throws Exception {
        PrometheusRule cluster =
                Manifests.read(OVERLAY.resolve("prometheus-rule.yaml"), PrometheusRule.class);

        assertThat(cluster.kind()).isEqualTo("PrometheusRule");
        assertThat(cluster.spec()).isEqualTo(MonitoringFiles.rules());
    }

    @Test
    void anAlertSaysWhatIsAndWhatToDoAndIsTested() throws Exception {
        JsonNode tests =
                Manifests.read(MonitoringFiles.FOLDER.resolve("alerts.test.yaml"), JsonNode.class);
        Set<String> fired = new HashSet<>();
        for (JsonNode test : tests.findValues("alert_rule_test")) {
            for (JsonNode one : test) {
                if (one.has("exp_alerts")) {
                    fired.add(one.get("alertname").asText());
                }
            }
        }
        List<MonitoringFiles.Rule> rules =
                MonitoringFiles.rules().groups().stream()
                        .flatMap(group -> group.rules().stream())
                        .toList();

        assertThat(rules)
                .isNotEmpty()
                .allSatisfy(
                        rule -> {
                            assertThat(rule.annotations())
                                    .containsOnlyKeys("summary", "description");
                            assertThat(rule.labels()).containsOnlyKeys("severity");
                            assertThat(rule.labels().get("severity")).isIn("warning", "critical");
                        })
                .extracting(MonitoringFiles.Rule::alert)
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(fired);
    }

    @Test
    void prometheusFindsEveryServiceInTheCluster() throws Exception {
        ServiceMonitor monitor =
                Manifests.read(OVERLAY.resolve("service-monitor.yaml"), ServiceMonitor.class);
        List<Service> services = Manifests.of(Manifests.FOLDER.resolve("base")).all(Service.class);

        assertThat(services).hasSameSizeAs(compose.ownServices());
        for (Service service : services) {
            Map<String, String> labels = service.getMetadata().getLabels();
            assertThat(labels)
                    .containsAllEntriesOf(monitor.spec().selector().getMatchLabels())
                    .containsEntry(monitor.spec().jobLabel(), "nocturne");
            assertThat(service.getSpec().getPorts())
                    .extracting(port -> port.getName())
                    .containsExactly(monitor.spec().endpoints().get(0).port());
        }
        assertThat(monitor.spec().endpoints())
                .singleElement()
                .returns("/q/metrics", ServiceMonitor.Endpoint::path);
    }

    @Test
    void prometheusFindsEveryServiceOfCompose() throws Exception {
        JsonNode job =
                Manifests.read(MonitoringFiles.FOLDER.resolve("prometheus.yml"), JsonNode.class)
                        .at("/scrape_configs/0");
        List<String> services = new ArrayList<>(compose.ownServices());
        services.addAll(compose.servicesOf("gpu"));

        assertThat(job.get("job_name").asText()).isEqualTo("nocturne");
        assertThat(job.get("metrics_path").asText()).isEqualTo("/q/metrics");
        assertThat(job.at("/dns_sd_configs/0/port").asInt()).isEqualTo(8080);
        assertThat(job.at("/dns_sd_configs/0/names"))
                .extracting(JsonNode::asText)
                .containsExactlyInAnyOrderElementsOf(services);
    }

    @Test
    void composeMountsFilesThatAreThere() {
        List<String> sources =
                compose.servicesOf("monitoring").stream()
                        .flatMap(name -> mounts(compose.services().get(name)))
                        .filter(mount -> mount.startsWith("./"))
                        .toList();

        assertThat(sources)
                .hasSizeGreaterThan(4)
                .allSatisfy(
                        mount -> {
                            assertThat(mount).endsWith(":ro");
                            assertThat(Path.of("..", mount.split(":")[0])).isRegularFile();
                        });
    }

    private static Stream<String> mounts(Map<String, Object> service) {
        return ((List<?>) service.get("volumes")).stream().map(Object::toString);
    }

    @Test
    void theDashboardIsOnePage() throws Exception {
        Set<String> places = new HashSet<>();
        for (JsonNode panel : MonitoringFiles.dashboard().get("panels")) {
            JsonNode at = panel.get("gridPos");
            assertThat(at.get("x").asInt() + at.get("w").asInt()).isLessThanOrEqualTo(24);
            for (int x = at.get("x").asInt(); x < at.get("x").asInt() + at.get("w").asInt(); x++) {
                for (int y = at.get("y").asInt();
                        y < at.get("y").asInt() + at.get("h").asInt();
                        y++) {
                    assertThat(places.add(x + "," + y)).as("%s at %d, %d", panel, x, y).isTrue();
                }
            }
            for (JsonNode target : panel.get("targets")) {
                assertThat(target.at("/datasource/uid").asText()).isEqualTo("${datasource}");
            }
        }
    }

    @Test
    void metricsAreFoundInExpressions() {
        assertThat(
                        MonitoringFiles.metrics(
                                "histogram_quantile(0.95, sum by (le, stage) (rate(a_bucket{b=\"c d\"}[5m])))"
                                        + " / e unless f offset 15m > on () group_left () min(g) or vector(0)"))
                .containsExactly("a_bucket", "e", "f", "g");
    }
}
