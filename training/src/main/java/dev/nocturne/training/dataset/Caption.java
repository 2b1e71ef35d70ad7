package dev.nocturne.training.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Captions as people write them down. */
final class Caption {
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private Caption() {}

    /** One caption a line; blank lines are none. */
    static List<String> lines(byte[] text) {
        return new String(text, StandardCharsets.UTF_8)
                .replace(BYTE_ORDER_MARK, "")
                .lines()
                .map(Caption::onOneLine)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    /** A caption of a table's cell, which may have lines of its own; none if it is blank. */
    static List<String> cell(String text) {
        String caption = onOneLine(text);
        return caption.isEmpty() ? List.of() : List.of(caption);
    }

    /** A string, or an array of them. */
    static List<String> json(JsonNode value) {
        List<String> captions = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(one -> captions.addAll(cell(one.asText(""))));
        } else {
            captions.addAll(cell(value.asText("")));
        }
        return captions;
    }

    private static String onOneLine(String text) {
        return text.replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
    }
}
