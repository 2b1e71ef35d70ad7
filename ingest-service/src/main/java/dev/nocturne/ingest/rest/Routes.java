package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which methods the addresses of the API take, as its description says. */
final class Routes {

    private static final Pattern PARAMETER = Pattern.compile("\\{([^}]+)}");
    private static final String SEGMENT = "[^/]+";
    private static final String SEGMENTS = "[^/]+(/[^/]+)*";

    private final Map<Pattern, Set<String>> methods = new LinkedHashMap<>();

    /**
     * @param document in OpenAPI's form
     */
    Routes(JsonNode document) {
        document.get("paths")
                .properties()
                .forEach(path -> methods.put(pattern(path.getKey(), path.getValue()), of(path)));
    }

    /** Those of this service. */
    static Routes own() {
        return new Routes(OpenApiResource.read());
    }

    private static Set<String> of(Map.Entry<String, JsonNode> path) {
        Set<String> methods = new TreeSet<>(Set.of("OPTIONS"));
        path.getValue()
                .fieldNames()
                .forEachRemaining(name -> methods.add(name.toUpperCase(Locale.ROOT)));
        if (methods.contains("GET")) {
            methods.add("HEAD");
        }
        return methods;
    }

    private static Pattern pattern(String path, JsonNode operations) {
        StringBuilder pattern = new StringBuilder();
        Matcher parameter = PARAMETER.matcher(path);
        int end = 0;
        while (parameter.find()) {
            pattern.append(Pattern.quote(path.substring(end, parameter.start())));
            pattern.append(mayHoldSlashes(parameter.group(1), operations) ? SEGMENTS : SEGMENT);
            end = parameter.end();
        }
        pattern.append(Pattern.quote(path.substring(end))).append("/?");
        return Pattern.compile(pattern.toString());
    }

    private static boolean mayHoldSlashes(String parameter, JsonNode operations) {
        for (JsonNode described : operations.findValues("parameters")) {
            for (JsonNode one : described) {
                JsonNode pattern = one.at("/schema/pattern");
                if (one.path("name").asText().equals(parameter)
                        && one.path("in").asText().equals("path")
                        && pattern.isTextual()
                        && "a/b".matches(pattern.textValue())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** For the header {@code Allow}; empty if the API has no such address. */
    Optional<Set<String>> methods(String path) {
        return methods.entrySet().stream()
                .filter(route -> route.getKey().matcher(path).matches())
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
