package dev.nocturne.cluster;

import io.smallrye.config.ConfigMapping;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The environment variables that each packaged service reads, from its own configuration. */
final class ServiceVariables {

    private static final Map<String, List<String>> CONFIGURATIONS =
            Map.of(
                    "ingest-service",
                    List.of(
                            "dev.nocturne.ingest.shell.IngestConfig",
                            "dev.nocturne.ingest.rest.ApiConfig"),
                    "encoder-worker",
                    List.of("dev.nocturne.encoder.shell.EncoderConfig"),
                    "generator-worker",
                    List.of("dev.nocturne.generator.shell.GeneratorConfig"),
                    "decoder-worker",
                    List.of("dev.nocturne.decoder.shell.DecoderConfig"),
                    "rerank-service",
                    List.of("dev.nocturne.rerank.shell.RerankConfig"));

    /** Read before the configuration is there. */
    private static final String SPOOL = "NOCTURNE_SPOOL_DIR";

    private final Set<String> names = new TreeSet<>();
    private final Set<String> prefixes = new HashSet<>();

    private ServiceVariables() {}

    static ServiceVariables of(String service) {
        ServiceVariables variables = new ServiceVariables();
        for (String configuration : CONFIGURATIONS.get(service)) {
            try {
                Class<?> type = Class.forName(configuration);
                variables.add(type, variable(type.getAnnotation(ConfigMapping.class).prefix()));
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }
        if (service.equals("ingest-service")) {
            variables.names.add(SPOOL);
        }
        return variables;
    }

    private void add(Class<?> type, String prefix) {
        for (Method method : type.getMethods()) {
            String name = prefix + "_" + variable(method.getName());
            Type answer = method.getGenericReturnType();
            if (answer instanceof Class<?> group
                    && group.isInterface()
                    && group.getName().startsWith("dev.nocturne.")) {
                add(group, name);
            } else if (answer instanceof ParameterizedType map && map.getRawType() == Map.class) {
                prefixes.add(name + "_");
            } else {
                names.add(name);
            }
        }
    }

    /** {@code nocturne.api} and {@code bootstrapServers} as parts of a variable's name. */
    private static String variable(String property) {
        return property.replace('.', '_')
                .replaceAll("(\\p{Lower})(\\p{Upper})", "$1_$2")
                .toUpperCase(Locale.ROOT);
    }

    boolean has(String name) {
        return names.contains(name) || prefixes.stream().anyMatch(name::startsWith);
    }
}
