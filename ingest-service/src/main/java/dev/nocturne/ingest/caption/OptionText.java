package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.nocturne.schemas.DrawingOption;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a cell, or a parameter of a request, says of an option, as JSON would say it. */
final class OptionText {

    /** Of the caption itself. */
    private static final List<String> OF_CAPTION =
            List.of("seed", "image_prompt", "image_prompt_rows", "image_prompt_columns");

    /** All that a row may say beside its prompt, in the order in which people are told them. */
    static final List<String> OPTIONS =
            Stream.concat(OF_CAPTION.stream(), DrawingOption.ALL.stream().map(DrawingOption::name))
                    .toList();

    private static final Set<String> TEXTS =
            Stream.concat(
                            named(DrawingOption.Kind.TEXT),
                            Stream.of("prompt", "custom_id", "image_prompt"))
                    .collect(Collectors.toUnmodifiableSet());

    /**
     * None is a thousand or more, so a comma in one is what spreadsheets of many countries write.
     */
    private static final Set<String> FRACTIONS =
            named(DrawingOption.Kind.NUMBER).collect(Collectors.toUnmodifiableSet());

    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d{1,18}");

    /** Bounded, so that nothing is computed for long; what is no number is told as it stands. */
    private static final Pattern NUMBER =
            Pattern.compile("[+-]?(\\d{1,40}(\\.\\d{0,40})?|\\.\\d{1,40})([eE][+-]?\\d{1,3})?");

    private OptionText() {}

    private static Stream<String> named(DrawingOption.Kind kind) {
        return DrawingOption.ALL.stream()
                .filter(option -> option.kind() == kind)
                .map(DrawingOption::name);
    }

    static JsonNode json(String option, String text) {
        String value = text.strip();
        if (TEXTS.contains(option)) {
            return TextNode.valueOf(value);
        }
        if (INTEGER.matcher(value).matches()) {
            return LongNode.valueOf(Long.parseLong(value));
        }
        boolean isLongSeed = option.equals("seed") && value.matches("-?\\d+");
        String number = FRACTIONS.contains(option) ? value.replace(',', '.') : value;
        if (NUMBER.matcher(number).matches() && !isLongSeed) { // a double would round it
            return DoubleNode.valueOf(Double.parseDouble(number));
        }
        return TextNode.valueOf(value);
    }
}
