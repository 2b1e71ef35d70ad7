package dev.nocturne.cluster;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** deploy/monitoring: the alerts, the dashboard, and the metrics that both ask for. */
final class MonitoringFiles {

    static final Path FOLDER = Path.of("..", "deploy", "monitoring");

    record Rules(List<Group> groups) {}

    record Group(String name, List<Rule> rules) {}

    /**
     * @param duration {@code for}; null: at once
     */
    record Rule(
            String alert,
            String expr,
            @JsonProperty("for") String duration,
            Map<String, String> labels,
            Map<String, String> annotations) {}

    /** What stands beside metrics: strings, labels of matchers, lists of labels, durations. */
    private static final Pattern BESIDE =
            Pattern.compile(
                    "\"[^\"]*\"|\\{[^}]*}|\\[[^]]*]|\\b(?:by|on|without|ignoring|group_left|group_right) \\([^)]*\\)|\\boffset \\w+");

    private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][\\w:]*(?!\\w* *\\()\\b");
    private static final Set<String> WORDS = Set.of("and", "or", "unless", "bool");

    private MonitoringFiles() {}

    static Rules rules() throws IOException {
        return Manifests.read(FOLDER.resolve("alerts.yaml"), Rules.class);
    }

    static JsonNode dashboard() throws IOException {
        return new ObjectMapper().readTree(FOLDER.resolve("dashboard.json").toFile());
    }

    /** Of the alerts and of the dashboard. */
    static List<String> expressions() throws IOException {
        List<String> all = new ArrayList<>();
        rules().groups().forEach(group -> group.rules().forEach(rule -> all.add(rule.expr())));
        all.addAll(dashboard().findValuesAsText("expr"));
        return all;
    }

    /** The names of the metrics in an expression of PromQL. */
    static Set<String> metrics(String expression) {
        Set<String> names = new TreeSet<>();
        Matcher name = NAME.matcher(BESIDE.matcher(expression).replaceAll(" "));
        while (name.find()) {
            if (!WORDS.contains(name.group())) {
                names.add(name.group());
            }
        }
        return names;
    }
}
