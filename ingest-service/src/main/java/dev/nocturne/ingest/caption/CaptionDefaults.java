package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Options for the rows that say nothing of them. What a row says stands, and a default that
 * contradicts it gives way, or the row would be refused for what it does not say.
 */
public final class CaptionDefaults {

    /** Options that mean something beside some others only. */
    private static final Set<String> DEPENDENT =
            Set.of(
                    "candidates",
                    "top",
                    "output_compression",
                    "image_prompt_rows",
                    "image_prompt_columns");

    private final ObjectNode options;

    private CaptionDefaults(ObjectNode options) {
        this.options = options;
    }

    /** The names that {@link #of} takes. */
    public static List<String> names() {
        return OptionText.OPTIONS;
    }

    /**
     * @param parameters by name, as text; others than those of options are nothing
     */
    public static CaptionDefaults of(Map<String, String> parameters) {
        ObjectNode options = JsonNodeFactory.instance.objectNode();
        for (String name : OptionText.OPTIONS) {
            String text = parameters.get(name);
            if (text != null) {
                options.set(name, OptionText.json(name, text));
            }
        }
        return new CaptionDefaults(options);
    }

    public boolean isEmpty() {
        return options.isEmpty();
    }

    /**
     * A caption that is good if all of them are.
     *
     * @return to be checked as a row
     */
    public ObjectNode sample() {
        ObjectNode sample = options.deepCopy().put("prompt", "a");
        if (sample.has("output_compression") && !sample.has("output_format")) {
            sample.put("output_format", "jpeg"); // rows may name one
        }
        boolean keepsPart = sample.has("image_prompt_rows") || sample.has("image_prompt_columns");
        if (keepsPart && !sample.has("image_prompt")) {
            sample.put("image_prompt", "AAAA"); // likewise
        } else if (!keepsPart && sample.has("image_prompt")) {
            sample.put("image_prompt_rows", 1);
        }
        return sample;
    }

    /** Adds them to a row of either form. */
    public void addTo(ObjectNode row) {
        if (options.isEmpty()) {
            return;
        }
        boolean isWrapped = row.path("body").isObject();
        ObjectNode target = isWrapped ? (ObjectNode) row.get("body") : row;
        addCounts(target, isWrapped ? "n" : "top");
        names().stream()
                .filter(name -> !DEPENDENT.contains(name))
                .forEach(name -> add(name, target));
        if (!target.path("output_format").asText("png").equals("png")) {
            add("output_compression", target); // a PNG has none
        }
        if (target.hasNonNull("image_prompt")) {
            add("image_prompt_rows", target);
            add("image_prompt_columns", target);
        }
    }

    private void add(String name, ObjectNode target) {
        if (options.has(name) && !target.hasNonNull(name)) {
            target.set(name, options.get(name));
        }
    }

    private void addCounts(ObjectNode target, String topName) {
        JsonNode candidates = target.path("candidates"); // the row's own, if it has any
        JsonNode top = target.path(topName);
        if (options.has("candidates") && isAbsent(candidates)) {
            JsonNode value = options.get("candidates");
            target.set("candidates", top.doubleValue() > value.doubleValue() ? top : value);
        }
        if (options.has("top") && isAbsent(top)) {
            JsonNode value = options.get("top");
            boolean isFewer =
                    candidates.isNumber() && candidates.doubleValue() < value.doubleValue();
            target.set(topName, isFewer ? candidates : value);
        }
    }

    private static boolean isAbsent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }
}
