package dev.nocturne.models.program;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The numbers that {@code constants.py} defines for all programs. A program's text holds their
 * names, since TorchScript's loader knows no constants of a module.
 */
public final class Constants {
    private static final String SOURCE = "constants.py";
    private static final Pattern DEFINITION = Pattern.compile("(?m)^([A-Z][A-Z0-9_]*) = (\\S+)$");

    /** A text, a comment or a name; of these only names have a group. */
    private static final Pattern NAME = Pattern.compile("\"[^\"]*\"|#.*|\\b([A-Z][A-Z0-9_]*)\\b");

    private static final Map<String, String> NUMBERS = read();

    private Constants() {}

    /**
     * A whole number by its name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static int whole(String name) {
        String number = NUMBERS.get(name);
        if (number == null) {
            throw new IllegalArgumentException("%s does not define %s".formatted(SOURCE, name));
        }
        return Integer.parseInt(number);
    }

    /** A line of a program with numbers for names; other names, texts and comments stay. */
    static String substitute(String line) {
        return NAME.matcher(line)
                .replaceAll(
                        match -> {
                            String name = match.group(1);
                            String found = name == null ? null : NUMBERS.get(name);
                            return Matcher.quoteReplacement(found == null ? match.group() : found);
                        });
    }

    private static Map<String, String> read() {
        Map<String, String> numbers = new LinkedHashMap<>();
        DEFINITION
                .matcher(TorchProgram.resource(SOURCE))
                .results()
                .forEach(definition -> numbers.put(definition.group(1), definition.group(2)));
        if (Machine.isAmd()) {
            numbers.put("SCORED_POSITIONS", numbers.get("SCORED_POSITIONS_AMD"));
        }
        return numbers;
    }
}
