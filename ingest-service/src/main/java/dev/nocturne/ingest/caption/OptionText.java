package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What a cell, or a parameter of a request, says of an option, as JSON would say it. */
final class OptionText {

    /** All that a row may say beside its prompt, in the order in which people are told them. */
    static final List<String> OPTIONS =
            List.of(
                    "candidates",
                    "top",
                    "seed",
                    "temperature",
                    "top_k",
                    "top_p",
                    "guidance",
                    "image_prompt",
                    "image_prompt_rows",
                    "image_prompt_columns",
                    "output_format",
                    "output_compression",
                    "partial_images");

    private static final Set<String> TEXTS =
            Set.of("prompt", "custom_id", "image_prompt", "output_format");

    /**
     * None is a thousand or more, so a comma in one is what spreadsheets of many countries write.
     */
    private static final Set<String> FRACTIONS = Set.of("temperature", "top_p", "guidance");

    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d{1,18}");

    /** Bounded, so that nothing is computed for long; what is no number is told as it stands. */
    private static final Pattern NUMBER =
            Pattern.compile("[+-]?(\\d{1,40}(\\.\\d{0,40})?|\\.\\d{1,40})([eE][+-]?\\d{1,3})?");

    private OptionText() {}

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
