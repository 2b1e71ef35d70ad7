package dev.nocturne.models.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The tables beside this class that captions are repaired with; {@code repair_tables.py} wrote
 * them.
 */
final class RepairTable {

    private RepairTable() {}

    /** The rows of a table, cut at blanks. */
    static List<String[]> rows(String name) {
        try (InputStream in = RepairTable.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("# "))
                    .map(line -> line.split(" "))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Characters as a table spells them, those that don't print by their number. */
    static String characters(String spelled) {
        StringBuilder characters = new StringBuilder();
        for (int i = 0; i < spelled.length(); i++) {
            if (spelled.charAt(i) == '\\') {
                characters.append((char) Integer.parseInt(spelled, i + 2, i + 6, 16));
                i += 5;
            } else {
                characters.append(spelled.charAt(i));
            }
        }
        return characters.toString();
    }
}
