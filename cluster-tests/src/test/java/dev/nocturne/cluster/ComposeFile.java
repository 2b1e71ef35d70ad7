package dev.nocturne.cluster;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.Yaml;

/** docker-compose.yml: what it tells each service, so that it and the tests cannot drift apart. */
final class ComposeFile {
    /** What compose gives every service besides, by its names for hosts and folders. */
    record Places(
            String kafka,
            String objectStore,
            Path model,
            Path rerankState,
            Map<String, String> variables) {}

    /** A variable of the host: its name, and its default or what compose says if it is missing. */
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{(\\w+):([-?])([^}]*)}");

    private final Map<String, Map<String, Object>> services;

    @SuppressWarnings("unchecked")
    private ComposeFile(Map<String, Object> file) {
        services = (Map<String, Map<String, Object>>) file.get("services");
    }

    static ComposeFile read(Path file) throws IOException {
        try (Reader reader = Files.newBufferedReader(file)) {
            return new ComposeFile(new Yaml().load(reader));
        }
    }

    /** The services that are built here, as opposed to pulled, and of no profile. */
    List<String> ownServices() {
        return services.entrySet().stream()
                .filter(service -> service.getValue().containsKey("build"))
                .filter(service -> !service.getValue().containsKey("profiles"))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The services that a profile adds. */
    List<String> servicesOf(String profile) {
        return services.entrySet().stream()
                .filter(service -> List.of(profile).equals(service.getValue().get("profiles")))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Of every image that is built here: its context and arguments. */
    @SuppressWarnings("unchecked")
    List<Map<String, Object>> builds() {
        return services.values().stream()
                .filter(service -> service.containsKey("build"))
                .map(service -> (Map<String, Object>) service.get("build"))
                .toList();
    }

    /** The name of a service's image where the host sets no variable. */
    String image(String service) {
        return VARIABLE.matcher(services.get(service).get("image").toString())
                .replaceAll(variable -> Matcher.quoteReplacement(variable.group(3)));
    }

    /** All of them, by name. */
    Map<String, Map<String, Object>> services() {
        return services;
    }

    /**
     * The service's environment variables, with what only exists in compose's network replaced; not
     * those without a value, which compose hands on if its caller has set them.
     */
    @SuppressWarnings("unchecked")
    Map<String, String> environment(String service, Places places) {
        Map<String, String> replaced = new TreeMap<>();
        Map<String, Object> environment =
                (Map<String, Object>) services.get(service).get("environment");
        environment.forEach(
                (name, value) -> {
                    if (value != null) {
                        replaced.put(name, replaced(substituted(value.toString(), places), places));
                    }
                });
        return replaced;
    }

    /** As compose reads it where the host sets those variables and no other. */
    private static String substituted(String value, Places places) {
        return VARIABLE.matcher(value)
                .replaceAll(variable -> Matcher.quoteReplacement(value(variable, places)));
    }

    private static String value(MatchResult variable, Places places) {
        String given = places.variables.get(variable.group(1));
        if (given != null) {
            return given;
        }
        if (variable.group(2).equals("?")) {
            throw new IllegalArgumentException(
                    "%s: %s".formatted(variable.group(1), variable.group(3)));
        }
        return variable.group(3);
    }

    private static String replaced(String value, Places places) {
        return switch (value) {
            case "kafka:9092" -> places.kafka;
            case "http://s3:9000" -> places.objectStore;
            case "/model-zoo/default" -> places.model.toString();
            case "/var/lib/nocturne/rerank" -> places.rerankState.toString();
            case "/var/lib/nocturne/spool", "/var/lib/nocturne/state" ->
                    places.rerankState.resolveSibling(Path.of(value).getFileName()).toString();
            default -> value;
        };
    }
}
