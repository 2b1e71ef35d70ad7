package dev.nocturne.ingest.caption;

import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.PrintableText;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the columns of a table say: each is named as an option, in any case and with blanks, hyphens
 * or nothing for underscores. The prompt's may be named as data sets name it.
 *
 * @param options a name for each column; null where it is no option
 * @param unused the names of those, as they stand
 * @param problem why no row can be read by it; null if all is well
 */
record TableHeader(List<String> options, List<String> unused, String problem) {

    /** The first one that is there is the prompt. */
    private static final List<String> PROMPTS =
            List.of("prompt", "prompts", "caption", "captions", "text");

    /** Shorter names are like each other by chance. */
    private static final int SHORTEST_TYPO = 4;

    private static final int LONG_NAME = 8;

    static TableHeader of(List<String> cells) {
        List<String> names = cells.stream().map(TableHeader::normalised).toList();
        String prompt = PROMPTS.stream().filter(names::contains).findFirst().orElse(null);
        List<String> options = new ArrayList<>();
        List<String> unused = new ArrayList<>();
        String problem =
                prompt == null
                        ? "no column is named 'prompt': name the one with the captions so, in the first line"
                        : null;
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            String shown = excerpt(cells.get(i));
            String option = name.equals(prompt) ? "prompt" : known(name);
            options.add(option);
            if (option == null && !name.isEmpty()) {
                unused.add(shown);
            }
            if (problem == null && option != null && !seen.add(option)) {
                problem = "column '%s' is there twice: rename one".formatted(shown);
            } else if (problem == null && option == null && likely(name) != null) {
                problem =
                        "column '%s' is no option: name it '%s' if it is meant so, or rename it"
                                .formatted(shown, likely(name));
            }
        }
        return new TableHeader(options, unused, problem);
    }

    /** Whether a file without a name is surely a table, by its first line. */
    boolean isTable() {
        return options.contains("prompt");
    }

    /** Whether it can be no caption that happens to read like one. */
    boolean hasOptions() {
        return isTable() && options.stream().filter(option -> option != null).count() > 1;
    }

    private static String normalised(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[\\s_-]+", "");
    }

    private static String known(String name) {
        return Stream.concat(OptionText.OPTIONS.stream(), Stream.of("custom_id"))
                .filter(option -> normalised(option).equals(name))
                .findFirst()
                .orElse(null);
    }

    /** The option that a name is a slip of the pen from, or null. */
    private static String likely(String name) {
        if (name.length() < SHORTEST_TYPO) {
            return null;
        }
        int most = name.length() < LONG_NAME ? 1 : 2;
        return OptionText.OPTIONS.stream()
                .filter(option -> distance(name, normalised(option)) <= most)
                .findFirst()
                .orElse(null);
    }

    /** Levenshtein's: letters to insert, to drop or to change. */
    private static int distance(String a, String b) {
        int[] above = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int changed = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(changed, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[b.length()];
    }

    private static String excerpt(String text) {
        String line = PrintableText.of(PlainText.onOneLine(text));
        return line.length() <= 40 ? line : line.substring(0, 40) + "…";
    }
}
