package dev.nocturne.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.schemas.CaptionRules;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Violation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/** One JSON object to one caption: {@code prompt} is required, every other field has a default. */
final class CaptionJson {

    private final ObjectNode object;
    private final Set<String> unread = new TreeSet<>();
    private final Set<String> known = new TreeSet<>();
    private final List<Violation> violations = new ArrayList<>();

    private CaptionJson(ObjectNode object) {
        this.object = object;
        object.fieldNames().forEachRemaining(unread::add);
    }

    /**
     * Sets the fields of {@code caption}.
     *
     * @return what is wrong: fields that are unknown or of the wrong type, else broken caption
     *     rules
     */
    static List<Violation> read(ObjectNode object, CaptionSubmitted.Builder caption) {
        CaptionJson json = new CaptionJson(object);
        json.text("custom_id", caption::setCustomId);
        caption.setCaption("");
        json.text("prompt", caption::setCaption);
        json.integer("candidates", caption::setCandidates);
        json.integer("top", caption::setTop);
        json.field(
                "seed",
                "an integer of 64 bits",
                node -> node.isIntegralNumber() && node.canConvertToLong(),
                JsonNode::longValue,
                caption::setSeed);
        json.number("temperature", caption::setTemperature);
        json.integer("top_k", caption::setTopK);
        json.number("top_p", caption::setTopP);
        json.number("guidance", caption::setGuidance);
        json.field(
                "image_prompt",
                "a picture in base64",
                JsonNode::isTextual,
                node -> ByteBuffer.wrap(Base64.getDecoder().decode(node.textValue())),
                caption::setImagePrompt);
        json.integer("image_prompt_rows", caption::setImagePromptRows);
        json.integer("image_prompt_columns", caption::setImagePromptColumns);
        json.refuseUnread();
        if (!object.hasNonNull("prompt")) {
            json.violations.add(
                    new Violation(
                            "prompt",
                            ReasonCodes.INVALID_CAPTION,
                            "prompt is missing: say what to paint"));
        }
        return json.violations.isEmpty() ? CaptionRules.validate(caption.build()) : json.violations;
    }

    private void text(String name, Consumer<String> set) {
        field(name, "a string", JsonNode::isTextual, JsonNode::textValue, set);
    }

    private void integer(String name, Consumer<Integer> set) {
        field(
                name,
                "an integer",
                node -> node.isIntegralNumber() && node.canConvertToInt(),
                JsonNode::intValue,
                set);
    }

    private void number(String name, Consumer<Double> set) {
        field(name, "a number", JsonNode::isNumber, JsonNode::doubleValue, set);
    }

    /** A field that is absent or null keeps its default. */
    private <V> void field(
            String name,
            String type,
            Predicate<JsonNode> fits,
            Function<JsonNode, V> read,
            Consumer<V> set) {
        known.add(name);
        unread.remove(name);
        if (!object.hasNonNull(name)) {
            return;
        }
        JsonNode node = object.get(name);
        try {
            if (fits.test(node)) {
                set.accept(read.apply(node));
                return;
            }
        } catch (IllegalArgumentException e) {
            // of the right JSON type, but its text says nothing: reported like any other misfit
        }
        violations.add(
                new Violation(
                        name,
                        ReasonCodes.INVALID_OPTION,
                        "%s is %s: must be %s"
                                .formatted(name, JobParser.excerpt(node.toString()), type)));
    }

    private void refuseUnread() {
        for (String name : unread) {
            String shown = JobParser.excerpt(name);
            violations.add(
                    new Violation(
                            shown,
                            "unknown_field",
                            "unknown field '%s': known are %s"
                                    .formatted(shown, String.join(", ", known))));
        }
    }
}
