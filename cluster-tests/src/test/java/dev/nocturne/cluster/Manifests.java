package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The manifests of a folder as kustomize would put them together, of whose words this knows those
 * that are used here. Strict: whatever neither Kubernetes nor this knows is an error.
 */
final class Manifests {

    /** Of a kustomization.yaml. */
    record Kustomization(
            String apiVersion,
            String kind,
            String namespace,
            List<String> resources,
            List<Generator> configMapGenerator,
            List<Generator> secretGenerator,
            Options generatorOptions,
            List<Image> images,
            List<Patch> patches) {}

    /**
     * @param behavior null: made here; {@code merge}: more of one that the resources have
     */
    record Generator(
            String name,
            String behavior,
            List<String> literals,
            List<String> files,
            List<String> envs,
            Options options) {}

    record Options(boolean disableNameSuffixHash, Map<String, String> labels) {}

    record Image(String name, String newName, String newTag) {}

    record Patch(String path) {}

    static final Path FOLDER = Path.of("..", "deploy", "kubernetes");

    /** By which things of a list are told apart, in the order in which they are asked. */
    private static final List<String> MERGE_KEYS = List.of("mountPath", "containerPort", "name");

    /** Lists that a patch replaces, though their parts have names. */
    private static final Set<String> ATOMIC = Set.of("tolerations", "egress", "ingress", "envFrom");

    private static final Map<String, Class<? extends HasMetadata>> KINDS =
            Map.of(
                    "v1/Namespace", Namespace.class,
                    "v1/Service", Service.class,
                    "v1/ServiceAccount", ServiceAccount.class,
                    "v1/PersistentVolumeClaim", PersistentVolumeClaim.class,
                    "apps/v1/Deployment", Deployment.class,
                    "apps/v1/StatefulSet", StatefulSet.class,
                    "networking.k8s.io/v1/NetworkPolicy", NetworkPolicy.class,
                    "policy/v1/PodDisruptionBudget", PodDisruptionBudget.class);

    private static final String CONTAINERS = "/spec/template/spec/containers";

    private static final ObjectMapper YAML = strictMapper();

    private final Map<String, ObjectNode> objects = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> configMaps = new TreeMap<>();
    private final Set<String> secrets = new LinkedHashSet<>();

    /** A workload as it will be: Deployment or StatefulSet. */
    record Workload(
            String name, Map<String, String> selector, PodTemplateSpec pod, Set<String> claims) {}

    private Manifests() {}

    /** The folders of {@link #FOLDER} that are applied, or that others build on. */
    static List<Path> folders() {
        try (Stream<Path> files = Files.walk(FOLDER)) {
            return files.filter(file -> file.endsWith("kustomization.yaml"))
                    .map(Path::getParent)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Manifests of(Path folder) throws IOException {
        Manifests manifests = new Manifests();
        manifests.add(folder.normalize());
        return manifests;
    }

    static Kustomization kustomization(Path folder) throws IOException {
        Kustomization file =
                YAML.readValue(folder.resolve("kustomization.yaml").toFile(), Kustomization.class);
        assertThat(file.kind()).isEqualTo("Kustomization");
        return file;
    }

    /** Reads a file of YAML as one of our own types; unknown and repeated fields are errors. */
    static <T> T read(Path file, Class<T> type) throws IOException {
        return YAML.readValue(file.toFile(), type);
    }

    /** Likewise, of a file with several. */
    static <T> List<T> readAll(Path file, Class<T> type) throws IOException {
        try (MappingIterator<T> documents = YAML.readerFor(type).readValues(file.toFile())) {
            return documents.readAll();
        }
    }

    private void add(Path folder) throws IOException {
        Kustomization file = kustomization(folder);
        for (String resource : listed(file.resources())) {
            Path path = folder.resolve(resource).normalize();
            if (Files.isDirectory(path)) {
                add(path);
            } else {
                for (ObjectNode object : documents(path)) {
                    assertThat(objects.put(key(object), object)).as(key(object)).isNull();
                }
            }
        }
        for (Generator generator : listed(file.configMapGenerator())) {
            generate(folder, generator);
        }
        for (Generator generator : listed(file.secretGenerator())) {
            assertThat(secrets.add(generator.name())).as(generator.name()).isTrue();
        }
        for (Patch patch : listed(file.patches())) {
            List<ObjectNode> documents = documents(folder.resolve(patch.path()));
            assertThat(documents).as(patch.path()).hasSize(1);
            ObjectNode target = objects.get(key(documents.get(0)));
            assertThat(target).as("target of %s", folder.resolve(patch.path())).isNotNull();
            assertContainersExist(target, documents.get(0));
            merge(target, documents.get(0));
        }
        for (Image image : listed(file.images())) {
            assertThat(rename(image)).as("containers of image %s", image.name()).isPositive();
        }
        for (ObjectNode object : objects.values()) {
            typed(object);
        }
    }

    private static <T> List<T> listed(List<T> list) {
        return list == null ? List.of() : list;
    }

    private static List<ObjectNode> documents(Path file) throws IOException {
        List<ObjectNode> all = readAll(file, ObjectNode.class);
        all.forEach(Manifests::typed); // also patches, which are parts of what they patch
        return all;
    }

    private static String key(JsonNode object) {
        return object.path("kind").asText() + "/" + object.path("metadata").path("name").asText();
    }

    private void generate(Path folder, Generator generator) throws IOException {
        boolean merges = "merge".equals(generator.behavior());
        assertThat(configMaps.containsKey(generator.name())).as(generator.name()).isEqualTo(merges);
        Map<String, String> content =
                configMaps.computeIfAbsent(generator.name(), absent -> new TreeMap<>());
        for (String literal : listed(generator.literals())) {
            int equals = literal.indexOf('=');
            content.put(literal.substring(0, equals), literal.substring(equals + 1));
        }
        for (String name : listed(generator.files())) {
            content.put(Path.of(name).getFileName().toString(), null); // its caller's
        }
    }

    /** A container that the target does not have would be one more. */
    private static void assertContainersExist(JsonNode target, JsonNode patch) {
        assertThat(containerNames(target)).containsAll(containerNames(patch));
    }

    private static List<String> containerNames(JsonNode object) {
        List<String> names = new ArrayList<>();
        object.at(CONTAINERS).forEach(one -> names.add(one.path("name").asText()));
        return names;
    }

    private static void merge(ObjectNode target, ObjectNode patch) {
        patch.properties()
                .forEach(
                        field -> {
                            JsonNode old = target.get(field.getKey());
                            if (old instanceof ObjectNode object
                                    && field.getValue() instanceof ObjectNode change) {
                                merge(object, change);
                            } else if (old instanceof ArrayNode array
                                    && field.getValue() instanceof ArrayNode change
                                    && !ATOMIC.contains(field.getKey())
                                    && mergeKey(change).isPresent()) {
                                mergeLists(array, change, mergeKey(change).get());
                            } else {
                                target.set(field.getKey(), field.getValue().deepCopy());
                            }
                        });
    }

    private static Optional<String> mergeKey(ArrayNode list) {
        return MERGE_KEYS.stream().filter(key -> list.path(0).has(key)).findFirst();
    }

    private static void mergeLists(ArrayNode target, ArrayNode patch, String key) {
        for (JsonNode change : patch) {
            Optional<JsonNode> old = Optional.empty();
            for (JsonNode one : target) {
                if (one.get(key).equals(change.get(key))) {
                    old = Optional.of(one);
                }
            }
            old.ifPresentOrElse(
                    one -> merge((ObjectNode) one, (ObjectNode) change),
                    () -> target.add(change.deepCopy()));
        }
    }

    private int rename(Image image) {
        int renamed = 0;
        for (ObjectNode object : objects.values()) {
            for (JsonNode container : object.at(CONTAINERS)) {
                String[] named = container.path("image").asText().split(":", 2);
                if (named[0].equals(image.name())) {
                    String name = image.newName() == null ? named[0] : image.newName();
                    String tag = image.newTag() == null ? named[1] : image.newTag();
                    ((ObjectNode) container).put("image", name + ":" + tag);
                    renamed++;
                }
            }
        }
        return renamed;
    }

    /** Null for kinds that are not Kubernetes' own. */
    private static HasMetadata typed(JsonNode object) {
        String kind = object.path("apiVersion").asText() + "/" + object.path("kind").asText();
        if (kind.startsWith("monitoring.coreos.com/") || kind.startsWith("keda.sh/")) {
            return null;
        }
        assertThat(KINDS).as("kinds that are known here").containsKey(kind);
        return YAML.convertValue(object, KINDS.get(kind));
    }

    /** Of one kind, or of a type of several. */
    <T extends HasMetadata> List<T> all(Class<T> type) {
        return objects.values().stream()
                .map(Manifests::typed)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    List<Workload> workloads() {
        List<Workload> all = new ArrayList<>();
        for (Deployment one : all(Deployment.class)) {
            all.add(
                    new Workload(
                            one.getMetadata().getName(),
                            one.getSpec().getSelector().getMatchLabels(),
                            one.getSpec().getTemplate(),
                            Set.of()));
        }
        for (StatefulSet one : all(StatefulSet.class)) {
            Set<String> claims = new LinkedHashSet<>();
            one.getSpec()
                    .getVolumeClaimTemplates()
                    .forEach(claim -> claims.add(claim.getMetadata().getName()));
            all.add(
                    new Workload(
                            one.getMetadata().getName(),
                            one.getSpec().getSelector().getMatchLabels(),
                            one.getSpec().getTemplate(),
                            claims));
        }
        return all;
    }

    Workload workload(String name) {
        return workloads().stream()
                .filter(workload -> workload.name().equals(name))
                .findAny()
                .orElseThrow();
    }

    /** What is generated; null where a file of the user's is the value. */
    Map<String, Map<String, String>> configMaps() {
        return configMaps;
    }

    /**
     * What a container is told; later sources count.
     *
     * @param secretValues by the names of secrets
     */
    Map<String, String> environment(
            Container container, Map<String, Map<String, String>> secretValues) {
        Map<String, String> environment = new TreeMap<>();
        for (EnvFromSource source : container.getEnvFrom()) {
            environment.putAll(
                    source.getConfigMapRef() != null
                            ? configMaps.get(source.getConfigMapRef().getName())
                            : secretValues.getOrDefault(source.getSecretRef().getName(), Map.of()));
        }
        for (EnvVar variable : container.getEnv()) {
            environment.put(variable.getName(), variable.getValue());
        }
        return environment;
    }

    /** Names of those that are generated. */
    Set<String> secrets() {
        return secrets;
    }

    private static ObjectMapper strictMapper() {
        ObjectMapper mapper =
                new ObjectMapper(new YAMLFactory())
                        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        // the model's types keep what they do not know
        mapper.setAnnotationIntrospector(
                new JacksonAnnotationIntrospector() {
                    @Override
                    public Boolean hasAnySetter(Annotated method) {
                        return false;
                    }
                });
        return mapper;
    }
}
