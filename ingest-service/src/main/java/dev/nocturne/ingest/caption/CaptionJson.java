package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.WholeNumbers;
import dev.nocturne.schemas.CaptionRules;
import dev.nocturne.schemas.Counts;
import dev.nocturne.schemas.DrawingOption;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SizeName;
import dev.nocturne.schemas.Violation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * One JSON object to one caption: {@code prompt} is required, every other field has a default.
 *
 * <p>There are two forms. The short one has all fields in one object. OpenAI's has them in {@code
 * body}, beside {@code custom_id}, {@code method} and {@code url}; there {@code n} is the number of
 * pictures, 1 if it is left out.
 */
public final class CaptionJson {

    /** The one kind of request that a line or a batch can make. */
    public static final String ENDPOINT = "/v1/images/generations";

    private static final Set<String> WRAPPER = Set.of("body", "method", "url");

    /** Of OpenAI's parameters those that change nothing here, with all that each may be. */
    private static final Map<String, List<String>> WITHOUT_EFFECT =
            new TreeMap<>(
                    Map.of(
                            "quality",
                                    List.of(
                                            "auto",
                                            "low",
                                            "medium",
                                            "high",
                                            "xhigh",
                                            "max",
                                            "hd",
                                            "standard"),
                            "complexity", List.of("low", "medium", "high"),
                            "style", List.of("vivid", "natural"),
                            "background", List.of("auto", "opaque"),
                            "moderation", List.of("auto", "low"),
                            "input_fidelity", List.of("low", "high")));

    private final ObjectNode object;
    private final Set<String> unread = new TreeSet<>();
    private final Set<String> known = new TreeSet<>();
    private final List<Violation> violations = new ArrayList<>();

    private CaptionJson(ObjectNode object) {
        this.object = object;
        object.fieldNames().forEachRemaining(unread::add);
    }

    /**
     * Sets the fields of {@code caption} from a line of either form.
     *
     * @param wrong takes what is wrong: fields that are unknown or of the wrong type, else broken
     *     caption rules
     */
    public static ImageParameters readLine(
            ObjectNode line, CaptionSubmitted.Builder caption, List<Violation> wrong) {
        CaptionJson json = new CaptionJson(line);
        json.text("custom_id", caption::setCustomId);
        if (WRAPPER.stream().noneMatch(line::has)) {
            json.options("top", Counts.DEFAULT_TOP, caption);
            wrong.addAll(json.checked(caption));
            return ImageParameters.ofShortForm(size(caption));
        }
        caption.setCaption("");
        json.constant("method", "POST");
        json.constant("url", ENDPOINT);
        json.field("body", "an object", JsonNode::isObject, node -> node, body -> {});
        json.refuseUnread();
        wrong.addAll(json.violations);
        if (!wrong.isEmpty()) {
            return ImageParameters.NONE;
        }
        if (!(line.get("body") instanceof ObjectNode body)) {
            wrong.add(
                    new Violation("body", ReasonCodes.INVALID_OPTION, "body is missing: add one"));
            return ImageParameters.NONE;
        }
        ImageParameters imageParameters = readBody(body, caption, wrong);
        if (isStreamed(body)) {
            wrong.add(
                    new Violation(
                            "stream",
                            ReasonCodes.INVALID_OPTION,
                            "stream is true, but a batch is answered in files: leave it out"));
        }
        wrong.replaceAll(CaptionJson::inBody);
        return imageParameters;
    }

    /** As a line names it. */
    static Violation inBody(Violation violation) {
        return violation.param().equals("custom_id") // the rules look at the whole caption
                ? violation
                : new Violation("body." + violation.param(), violation.code(), violation.message());
    }

    /** How a picture comes back. */
    public enum AnswerFormat {
        URL,
        B64_JSON
    }

    /**
     * Sets the fields of {@code caption} from the body of an image request.
     *
     * @param wrong takes what is wrong, as of {@link #readLine}
     */
    public static ImageParameters readBody(
            ObjectNode body, CaptionSubmitted.Builder caption, List<Violation> wrong) {
        CaptionJson json = new CaptionJson(body);
        AnswerFormat[] format = {null};
        String[] model = {null};
        List<Violation> refused = new ArrayList<>();
        json.field(
                "response_format",
                "'url' or 'b64_json'",
                JsonNode::isTextual,
                node -> AnswerFormat.valueOf(node.textValue().toUpperCase(Locale.ROOT)),
                read -> format[0] = read);
        json.text("model", name -> json.checkModel(model[0] = name));
        json.text("user", value -> {});
        json.text("safety_identifier", value -> {});
        WITHOUT_EFFECT.forEach(
                (name, values) ->
                        json.text(name, value -> checkOneOf(name, values, value, refused)));
        json.field("stream", "true or false", JsonNode::isBoolean, node -> node, stream -> {});
        json.options("n", 1, caption);
        for (Violation violation : json.checked(caption)) {
            wrong.add(
                    violation.param().equals("top")
                            ? new Violation(
                                    "n",
                                    violation.code(),
                                    violation.message().replaceFirst("^top", "n"))
                            : violation);
        }
        return new ImageParameters(model[0], format[0], size(caption), refused);
    }

    /** What the model is asked for; nothing, if the rules refuse it already. */
    private static String size(CaptionSubmitted.Builder caption) {
        String size = caption.getOptions().getSize();
        return SizeName.isOne(size) ? size : SizeName.AUTO;
    }

    private static void checkOneOf(
            String name, List<String> values, String value, List<Violation> refused) {
        if (!values.contains(value)) {
            refused.add(
                    new Violation(
                            name,
                            ReasonCodes.INVALID_OPTION,
                            "%s is '%s': must be one of %s"
                                    .formatted(
                                            name, Excerpt.of(value), String.join(", ", values))));
        }
    }

    /** Whether an image request is to be answered with events. */
    static boolean isStreamed(JsonNode body) {
        return body.path("stream").booleanValue();
    }

    private void checkModel(String model) {
        if (!Models.isKnown(model)) {
            violations.add(
                    new Violation(
                            "model",
                            "model_not_found",
                            "model '%s' is not here: leave it out, or name one of GET /v1/models"
                                    .formatted(Excerpt.of(model))));
        }
    }

    /**
     * @param topName what the form calls {@code top}
     */
    private void options(String topName, int defaultTop, CaptionSubmitted.Builder caption) {
        caption.setCaption("");
        text("prompt", value -> caption.setCaption(PlainText.onOneLine(value)));
        boolean mayBeRounded = WholeNumbers.mayBeRounded(object.path("seed"));
        field(
                "seed",
                mayBeRounded
                        ? "sent as an integer or a string, it may be rounded"
                        : "an integer of 64 bits, as a number or a string",
                node -> WholeNumbers.longOf(node).isPresent(),
                node -> WholeNumbers.longOf(node).getAsLong(),
                caption::setSeed);
        field(
                "image_prompt",
                "a picture in base64, plain or as a data URL",
                JsonNode::isTextual,
                node -> ByteBuffer.wrap(Base64File.decode(node.textValue())),
                caption::setImagePrompt);
        integer("image_prompt_rows", caption::setImagePromptRows);
        integer("image_prompt_columns", caption::setImagePromptColumns);
        DrawingOptions options = caption.getOptionsBuilder().build();
        Integer[] counts = {null, null};
        for (DrawingOption option : DrawingOption.ALL) {
            switch (option.name()) {
                case "candidates" -> integer("candidates", value -> counts[0] = value);
                case "top" -> integer(topName, value -> counts[1] = value);
                default -> set(option, options);
            }
        }
        caption.setOptions(counted(options, counts[0], counts[1], defaultTop));
    }

    private void set(DrawingOption option, DrawingOptions options) {
        switch (option.kind()) {
            case INTEGER -> integer(option.name(), value -> option.set(options, value));
            case NUMBER -> number(option.name(), value -> option.set(options, value));
            case TEXT -> text(option.name(), value -> option.set(options, value));
        }
    }

    /**
     * @param candidates null if nothing is said of them
     * @param top likewise
     */
    private DrawingOptions counted(
            DrawingOptions options, Integer candidates, Integer top, int defaultTop) {
        Integer drawn = candidates;
        if (drawn == null && isStreamed(object) && options.getPartialImages() > 0) {
            // who sees a picture grow wants that one: of more candidates the best may be another
            int wanted = top == null ? defaultTop : top;
            drawn = Math.max(1, Math.min(wanted, Limits.MAX_TOP));
        }
        Counts counts = Counts.of(drawn, top, defaultTop);
        return DrawingOptions.newBuilder(options)
                .setCandidates(counts.candidates())
                .setTop(counts.top())
                .build();
    }

    private List<Violation> checked(CaptionSubmitted.Builder caption) {
        refuseUnread();
        if (!object.hasNonNull("prompt")) {
            violations.add(
                    new Violation(
                            "prompt",
                            ReasonCodes.INVALID_CAPTION,
                            "prompt is missing: say what to paint"));
        }
        return violations.isEmpty() ? CaptionRules.validate(caption.build()) : violations;
    }

    private void constant(String name, String value) {
        field(
                name,
                "'%s'".formatted(value),
                node -> node.isTextual() && node.textValue().equals(value),
                JsonNode::textValue,
                read -> {});
    }

    private void text(String name, Consumer<String> set) {
        field(name, "a string", JsonNode::isTextual, JsonNode::textValue, set);
    }

    private void integer(String name, Consumer<Integer> set) {
        field(
                name,
                "an integer",
                node -> WholeNumbers.intOf(node).isPresent(),
                node -> WholeNumbers.intOf(node).getAsInt(),
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
                        "%s is %s: must be %s".formatted(name, Excerpt.of(node.toString()), type)));
    }

    private void refuseUnread() {
        for (String name : unread) {
            String shown = Excerpt.of(name);
            violations.add(
                    new Violation(
                            shown,
                            "unknown_field",
                            "unknown field '%s': known are %s"
                                    .formatted(shown, String.join(", ", known))));
        }
    }
}
