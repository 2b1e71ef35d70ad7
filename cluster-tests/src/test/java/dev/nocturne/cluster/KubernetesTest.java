package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.cluster.Manifests.Workload;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What deploy/kubernetes says fits together, and fits the services, the images and compose. */
class KubernetesTest {

    private static final Set<String> PROBES = Set.of("/q/health/live", "/q/health/ready");

    /** What restricted pods may mount. */
    private static final int KINDS_OF_VOLUMES = 4;

    private final ComposeFile compose = ComposeFile.read(Path.of("..", "docker-compose.yml"));

    KubernetesTest() throws IOException {}

    static List<Path> folders() {
        return Manifests.folders();
    }

    static Stream<Path> foldersWithWorkloads() {
        return folders().stream()
                .filter(
                        folder -> {
                            try {
                                return !Manifests.of(folder).workloads().isEmpty();
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        });
    }

    @Test
    void everythingIsSaidStrictly(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("kustomization.yaml"), "kind: Kustomization\nsurprise: 1");
        assertThatThrownBy(() -> Manifests.of(folder)).hasMessageContaining("surprise");

        Files.writeString(
                folder.resolve("kustomization.yaml"), "kind: Kustomization\nresources: [a.yaml]");
        Files.writeString(
                folder.resolve("a.yaml"),
                "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {replicas: 2}}}");
        assertThatThrownBy(() -> Manifests.of(folder)).hasMessageContaining("replicas");
    }

    @ParameterizedTest
    @MethodSource("folders")
    void everyFileIsUsed(Path folder) throws Exception {
        Manifests.Kustomization file = Manifests.kustomization(folder);
        Set<String> used = new HashSet<>(Set.of("kustomization.yaml"));
        used.addAll(file.resources());
        if (file.patches() != null) {
            file.patches().forEach(patch -> used.add(patch.path()));
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(
                            files.map(path -> path.getFileName().toString())
                                    .filter(name -> name.endsWith(".yaml")))
                    .isSubsetOf(used);
        }
    }

    @ParameterizedTest
    @MethodSource("foldersWithWorkloads")
    void composesServicesAreThereAndSelectorsFindTheirPods(Path folder) throws Exception {
        Manifests manifests = Manifests.of(folder);
        List<Workload> workloads = manifests.workloads();

        assertThat(workloads)
                .extracting(Workload::name)
                .containsExactlyInAnyOrderElementsOf(compose.ownServices());
        for (Workload workload : workloads) {
            assertThat(labels(workload)).containsAllEntriesOf(workload.selector());
            assertThat(selected(manifests, workload.selector())).hasSize(1);
            workload.pod()
                    .getSpec()
                    .getTopologySpreadConstraints()
                    .forEach(
                            spread ->
                                    assertThat(labels(workload))
                                            .containsAllEntriesOf(
                                                    spread.getLabelSelector().getMatchLabels()));
        }
        for (Service service : manifests.all(Service.class)) {
            assertThat(selected(manifests, service.getSpec().getSelector()))
                    .containsExactly(service.getMetadata().getName());
        }
        assertThat(manifests.all(PodDisruptionBudget.class))
                .extracting(budget -> budget.getMetadata().getName())
                .containsExactlyInAnyOrderElementsOf(compose.ownServices());
        for (PodDisruptionBudget budget : manifests.all(PodDisruptionBudget.class)) {
            assertThat(selected(manifests, budget.getSpec().getSelector().getMatchLabels()))
                    .containsExactly(budget.getMetadata().getName());
        }
        for (NetworkPolicy policy : manifests.all(NetworkPolicy.class)) {
            assertThat(workloads)
                    .as("pods of %s", policy.getMetadata().getName())
                    .anyMatch(
                            workload ->
                                    matches(policy.getSpec().getPodSelector(), labels(workload)));
        }
    }

    @ParameterizedTest
    @MethodSource("foldersWithWorkloads")
    void variablesAreThoseThatTheServiceReads(Path folder) throws Exception {
        Manifests manifests = Manifests.of(folder);
        for (Workload workload : manifests.workloads()) {
            ServiceVariables known = ServiceVariables.of(workload.name());

            assertThat(variables(manifests, container(workload)))
                    .as("variables of %s", workload.name())
                    .contains("NOCTURNE_KAFKA_BOOTSTRAP_SERVERS")
                    .allMatch(known::has);
        }
    }

    /** Compose's, but for what pods have otherwise or leave at its default. */
    @Test
    void variablesOfComposeThatHaveAValueAreThere() throws Exception {
        Manifests base = Manifests.of(Manifests.FOLDER.resolve("base"));
        Set<String> secrets = Set.of("NOCTURNE_S3_ACCESS_KEY", "NOCTURNE_S3_SECRET_KEY");
        Set<String> ofOneHost = Set.of("NOCTURNE_S3_PUBLIC_ENDPOINT", "NOCTURNE_S3_PREFIX");
        for (Workload workload : base.workloads()) {
            Set<String> expected =
                    new TreeSet<>(
                            compose.environment(
                                            workload.name(),
                                            new ComposeFile.Places(
                                                    "k",
                                                    "s",
                                                    Path.of("m"),
                                                    Path.of("r"),
                                                    Map.of("NOCTURNE_S3_SECRET_KEY", "x")))
                                    .keySet());
            expected.removeAll(secrets);
            expected.removeAll(ofOneHost);

            assertThat(variables(base, container(workload))).containsAll(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("foldersWithWorkloads")
    void whatIsReferredToExists(Path folder) throws Exception {
        Manifests manifests = Manifests.of(folder);
        for (Workload workload : manifests.workloads()) {
            PodSpec pod = workload.pod().getSpec();
            Container container = container(workload);
            Set<String> volumes = new HashSet<>(workload.claims());
            pod.getVolumes().forEach(volume -> volumes.add(volume.getName()));

            assertThat(manifests.all(ServiceAccount.class))
                    .extracting(account -> account.getMetadata().getName())
                    .contains(pod.getServiceAccountName());
            assertThat(container.getVolumeMounts())
                    .extracting(VolumeMount::getName)
                    .doesNotHaveDuplicates()
                    .containsExactlyInAnyOrderElementsOf(volumes);
            for (EnvFromSource source : container.getEnvFrom()) {
                if (source.getConfigMapRef() != null) {
                    assertThat(manifests.configMaps())
                            .containsKey(source.getConfigMapRef().getName());
                } else if (!Boolean.TRUE.equals(source.getSecretRef().getOptional())) {
                    assertThat(manifests.secrets()).contains(source.getSecretRef().getName());
                }
            }
            for (Volume volume : pod.getVolumes()) {
                if (volume.getConfigMap() != null) {
                    assertThat(manifests.configMaps()).containsKey(volume.getConfigMap().getName());
                }
                if (volume.getPersistentVolumeClaim() != null) {
                    assertThat(manifests.all(PersistentVolumeClaim.class))
                            .extracting(claim -> claim.getMetadata().getName())
                            .contains(volume.getPersistentVolumeClaim().getClaimName());
                }
            }
        }
    }

    /** In the image, or on a volume that the pod mounts. */
    @ParameterizedTest
    @MethodSource("foldersWithWorkloads")
    void filesOfVariablesAreWhereTheyCanBe(Path folder) throws Exception {
        Manifests manifests = Manifests.of(folder);
        for (Workload workload : manifests.workloads()) {
            Container container = container(workload);
            values(manifests, container)
                    .forEach(
                            (name, value) -> {
                                if (value != null && value.startsWith("/")) {
                                    assertThat(value)
                                            .as("%s of %s", name, workload.name())
                                            .satisfiesAnyOf(
                                                    path ->
                                                            assertThat(path)
                                                                    .startsWith("/model-zoo/"),
                                                    path ->
                                                            assertThat(container.getVolumeMounts())
                                                                    .anyMatch(
                                                                            mount ->
                                                                                    path.startsWith(
                                                                                            mount
                                                                                                            .getMountPath()
                                                                                                    + "/")));
                                }
                            });
        }
    }

    @ParameterizedTest
    @MethodSource("foldersWithWorkloads")
    void probesAndServicesMeetAPortOfTheContainer(Path folder) throws Exception {
        Manifests manifests = Manifests.of(folder);
        for (Workload workload : manifests.workloads()) {
            Container container = container(workload);
            assertThat(container.getPorts())
                    .singleElement()
                    .returns("http", ContainerPort::getName)
                    .returns(8080, ContainerPort::getContainerPort);
            for (Probe probe : probes(container)) {
                assertThat(PROBES).contains(probe.getHttpGet().getPath());
                assertThat(probe.getHttpGet().getPort().getStrVal()).isEqualTo("http");
            }
            assertThat(container.getStartupProbe().getHttpGet().getPath())
                    .isEqualTo(container.getLivenessProbe().getHttpGet().getPath());
        }
        for (Service service : manifests.all(Service.class)) {
            assertThat(service.getSpec().getPorts())
                    .singleElement()
                    .satisfies(
                            port -> assertThat(port.getTargetPort().getStrVal()).isEqualTo("http"));
        }
        for (NetworkPolicy policy : manifests.all(NetworkPolicy.class)) {
            policy.getSpec()
                    .getIngress()
                    .forEach(
                            rule ->
                                    assertThat(rule.getPorts())
                                            .allMatch(
                                                    port ->
                                                            "http"
                                                                    .equals(
                                                                            port.getPort()
                                                                                    .getStrVal())));
        }
    }

    /** The profile "restricted" of Kubernetes' pod security standards, and a little more. */
    @ParameterizedTest
    @MethodSource("foldersWithWorkloads")
    void podsAreRestricted(Path folder) throws Exception {
        Manifests manifests = Manifests.of(folder);
        assertThat(manifests.all(Namespace.class))
                .singleElement()
                .satisfies(
                        namespace ->
                                assertThat(namespace.getMetadata().getLabels())
                                        .containsEntry(
                                                "pod-security.kubernetes.io/enforce",
                                                "restricted"));
        for (Workload workload : manifests.workloads()) {
            PodSpec pod = workload.pod().getSpec();
            Container container = container(workload);

            assertThat(pod.getHostNetwork()).isNull();
            assertThat(pod.getHostPID()).isNull();
            assertThat(pod.getHostIPC()).isNull();
            assertThat(pod.getInitContainers()).isEmpty();
            assertThat(pod.getAutomountServiceAccountToken()).isFalse();
            assertThat(pod.getEnableServiceLinks()).isFalse();
            assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(pod.getSecurityContext().getRunAsUser()).isEqualTo(imageUser());
            assertThat(pod.getSecurityContext().getFsGroup()).isEqualTo(imageUser());
            assertThat(pod.getSecurityContext().getSeccompProfile().getType())
                    .isEqualTo("RuntimeDefault");
            assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
            assertThat(container.getSecurityContext().getPrivileged()).isNull();
            assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
            assertThat(container.getSecurityContext().getCapabilities().getDrop())
                    .containsExactly("ALL");
            assertThat(container.getSecurityContext().getCapabilities().getAdd()).isEmpty();
            assertThat(container.getPorts()).allMatch(port -> port.getHostPort() == null);
            assertThat(pod.getVolumes())
                    .allMatch(
                            volume ->
                                    Stream.of(
                                                            volume.getEmptyDir(),
                                                            volume.getEphemeral(),
                                                            volume.getConfigMap(),
                                                            volume.getPersistentVolumeClaim())
                                                    .filter(kind -> kind == null)
                                                    .count()
                                            == KINDS_OF_VOLUMES - 1);
        }
    }

    /** Not less than a service takes at most: see docs/kubernetes.md. */
    @ParameterizedTest
    @MethodSource("foldersWithWorkloads")
    void podsHaveTimeToEnd(Path folder) throws Exception {
        for (Workload workload : Manifests.of(folder).workloads()) {
            assertThat(workload.pod().getSpec().getTerminationGracePeriodSeconds())
                    .isGreaterThanOrEqualTo(120);
            assertThat(compose.services().get(workload.name()))
                    .containsEntry("stop_grace_period", "2m");
        }
    }

    @ParameterizedTest
    @MethodSource("foldersWithWorkloads")
    void memoryIsBoundedAndAskedForWhole(Path folder) throws Exception {
        for (Workload workload : Manifests.of(folder).workloads()) {
            Map<String, Quantity> limits = container(workload).getResources().getLimits();
            Map<String, Quantity> requests = container(workload).getResources().getRequests();

            assertThat(limits).containsKeys("memory", "ephemeral-storage");
            assertThat(requests)
                    .containsEntry("memory", limits.get("memory"))
                    .containsKeys("cpu", "ephemeral-storage");
            limits.forEach(
                    (resource, limit) ->
                            assertThat(requests.getOrDefault(resource, limit).getNumericalAmount())
                                    .isLessThanOrEqualTo(limit.getNumericalAmount()));
            assertThat(
                            workload.pod().getSpec().getVolumes().stream()
                                    .filter(volume -> volume.getEmptyDir() != null)
                                    .map(volume -> volume.getEmptyDir().getSizeLimit())
                                    .mapToLong(size -> size.getNumericalAmount().longValueExact())
                                    .sum())
                    .isLessThanOrEqualTo(
                            limits.get("ephemeral-storage").getNumericalAmount().longValueExact());
        }
    }

    @Test
    void memoryIsThatOfCompose() throws Exception {
        for (Workload workload : Manifests.of(Manifests.FOLDER.resolve("base")).workloads()) {
            String memory = compose.services().get(workload.name()).get("mem_limit").toString();
            Matcher gibibytes = Pattern.compile("(?:.*:-)?(\\d+)g}?").matcher(memory);
            assertThat(gibibytes.matches()).as(memory).isTrue();

            assertThat(container(workload).getResources().getLimits())
                    .containsEntry("memory", new Quantity(gibibytes.group(1) + "Gi"));
        }
    }

    @Test
    void imagesAreThoseThatComposeBuilds() throws Exception {
        for (Workload workload : Manifests.of(Manifests.FOLDER.resolve("base")).workloads()) {
            assertThat(container(workload).getImage())
                    .isEqualTo(compose.image(workload.name()))
                    .endsWith("/" + workload.name() + ":" + Pom.read().version());
        }
        Manifests gpu = Manifests.of(Manifests.FOLDER.resolve("overlays/gpu"));
        for (String service : compose.servicesOf("gpu")) {
            String name = service.replace("-gpu", "-worker");
            Container container = container(gpu.workload(name));
            assertThat(container.getImage()).isEqualTo(compose.image(service));
            assertThat(container.getResources().getLimits())
                    .containsEntry("nvidia.com/gpu", new Quantity("1"));
        }
    }

    /** Kubernetes cannot see that a user with a name is not root. */
    private static long imageUser() throws IOException {
        Matcher user =
                Pattern.compile("(?m)^USER (\\d+)$")
                        .matcher(Files.readString(Path.of("..", "Dockerfile")));
        assertThat(user.find()).isTrue();
        return Long.parseLong(user.group(1));
    }

    private static Container container(Workload workload) {
        List<Container> containers = workload.pod().getSpec().getContainers();
        assertThat(containers).extracting(Container::getName).containsExactly(workload.name());
        return containers.get(0);
    }

    private static List<Probe> probes(Container container) {
        return List.of(
                container.getStartupProbe(),
                container.getLivenessProbe(),
                container.getReadinessProbe());
    }

    private static Map<String, String> labels(Workload workload) {
        return workload.pod().getMetadata().getLabels();
    }

    private static List<String> selected(Manifests manifests, Map<String, String> selector) {
        assertThat(selector).isNotEmpty();
        return manifests.workloads().stream()
                .filter(workload -> labels(workload).entrySet().containsAll(selector.entrySet()))
                .map(Workload::name)
                .toList();
    }

    private static boolean matches(LabelSelector selector, Map<String, String> labels) {
        boolean byLabels =
                selector.getMatchLabels() == null
                        || labels.entrySet().containsAll(selector.getMatchLabels().entrySet());
        for (LabelSelectorRequirement requirement : selector.getMatchExpressions()) {
            assertThat(requirement.getOperator()).isEqualTo("In");
            byLabels &= requirement.getValues().contains(labels.get(requirement.getKey()));
        }
        return byLabels;
    }

    private static List<String> variables(Manifests manifests, Container container) {
        return new ArrayList<>(values(manifests, container).keySet());
    }

    /** Without those of secrets. */
    private static Map<String, String> values(Manifests manifests, Container container) {
        return manifests.environment(container, Map.of());
    }
}
