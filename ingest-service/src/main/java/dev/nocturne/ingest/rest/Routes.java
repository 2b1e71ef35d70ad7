package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.ingest.Problem;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which methods and parameters the addresses of the API take, as its description says. */
final class Routes {

    private static final Pattern PARAMETER = Pattern.compile("\\{([^}]+)}");
    private static final String SEGMENT = "[^/]+";
    private static final String SEGMENTS = "[^/]+(/[^/]+)*";

    private final Map<Pattern, Route> routes = new LinkedHashMap<>();

    /**
     * @param methods for the header {@code Allow}
     * @param parameters of queries, by method and name; whether each may be empty
     */
    record Route(Set<String> methods, Map<String, Map<String, Boolean>> parameters) {

        /**
         * A parameter that comes twice, or without a value that it needs.
         *
         * @param values of a parameter by its name
         * @return what is wrong, empty if nothing
         */
        Optional<Problem> fault(String method, Function<String, List<String>> values) {
            return parameters.getOrDefault(method, Map.of()).entrySet().stream()
                    .map(one -> fault(one.getKey(), one.getValue(), values.apply(one.getKey())))
                    .flatMap(Optional::stream)
                    .findFirst();
        }

        private static Optional<Problem> fault(
                String name, boolean mayBeEmpty, List<String> values) {
            String wrong = null;
            if (values.size() > 1) {
                wrong = "%s comes %d times: send it once".formatted(name, values.size());
            } else if (!mayBeEmpty && values.contains("")) {
                wrong = "%s is empty: say what it is, or leave it out".formatted(name);
            }
            return Optional.ofNullable(wrong)
                    .map(message -> new Problem(null, name, "invalid_option", message));
        }
    }

    /**
     * @param document in OpenAPI's form
     */
    Routes(JsonNode document) {
        document.get("paths")
                .properties()
                .forEach(
                        path ->
                                routes.put(
                                        pattern(path.getKey(), path.getValue()),
                                        new Route(
                                                of(path), parameters(path.getValue(), document))));
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

    private static Map<String, Map<String, Boolean>> parameters(
            JsonNode operations, JsonNode document) {
        Map<String, Map<String, Boolean>> parameters = new HashMap<>();
        operations
                .properties()
                .forEach(
                        operation -> {
                            Map<String, Boolean> named = new LinkedHashMap<>();
                            for (JsonNode one : operation.getValue().path("parameters")) {
                                JsonNode parameter =
                                        one.has("$ref")
                                                ? document.at(one.get("$ref").asText().substring(1))
                                                : one;
                                if (parameter.path("in").asText().equals("query")) {
                                    named.put(
                                            parameter.get("name").asText(),
                                            isText(parameter.path("schema")));
                                }
                            }
                            parameters.put(operation.getKey().toUpperCase(Locale.ROOT), named);
                        });
        return parameters;
    }

    private static boolean isText(JsonNode schema) {
        return schema.path("type").asText().equals("string")
                && !schema.has("enum")
                && !schema.has("format")
                && !schema.has("pattern");
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

    /** Empty if the API has no such address. */
    Optional<Route> find(String path) {
        return routes.entrySet().stream()
                .filter(route -> route.getKey().matcher(path).matches())
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
