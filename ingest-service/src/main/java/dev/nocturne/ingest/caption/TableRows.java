package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.schemas.Violation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * CSV with a header: RFC 4180, and what spreadsheets make of it, which are other delimiters, a line
 * {@code sep=;} before the header, and rows of nothing. An empty cell says nothing.
 */
final class TableRows implements CaptionRows {

    private static final int MAX_HEADER_CHARS = 1 << 16;
    private static final List<Character> DELIMITERS = List.of(',', ';', '\t', '|');
    private static final String SEPARATOR_LINE = "(?i)\"?sep=.\"?";

    private final BoundedStream bounds;
    private final BufferedReader text;
    private char delimiter;
    private int linesBefore; // before the header
    private CSVParser parser; // null before the header is read
    private Iterator<CSVRecord> records;
    private TableHeader header;
    private boolean isBroken;

    TableRows(InputStream in) throws IOException {
        bounds = new BoundedStream(in);
        text = DecodedText.of(bounds);
    }

    @Override
    public List<String> unusedColumns() {
        return header == null ? List.of() : header.unused();
    }

    @Override
    public Row next() throws IOException {
        if (isBroken) {
            return null;
        }
        int line = 1;
        try {
            if (parser == null) {
                open();
                line = nextLine();
                header = TableHeader.of(records.hasNext() ? records.next().toList() : List.of());
                if (header.problem() != null) {
                    return broken(line, header.problem());
                }
            }
            for (line = nextLine(); records.hasNext(); line = nextLine()) {
                CSVRecord record = records.next();
                if (record.stream().anyMatch(cell -> !cell.isBlank())) {
                    return row(line, record);
                }
            }
            return null;
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof CSVException) {
                return broken(
                        line,
                        "the quotes of this row do not match: put a cell that holds %s or quotes in double quotes, and double those inside"
                                .formatted(shown(delimiter)));
            }
            throw e.getCause();
        }
    }

    /** Passes over what may stand before the header, and learns the delimiter. */
    private void open() throws IOException {
        String first;
        boolean isSeparator;
        do {
            bounds.startRow(linesBefore + 1);
            text.mark(MAX_HEADER_CHARS);
            first = text.readLine();
            isSeparator = first != null && first.matches(SEPARATOR_LINE);
            if (isSeparator) {
                delimiter = first.charAt(first.indexOf('=') + 1);
            }
            linesBefore++;
        } while (first != null && (isSeparator || first.isBlank()));
        linesBefore--;
        if (first != null && first.length() < MAX_HEADER_CHARS - 2) {
            text.reset(); // read by the parser: the header may go on behind a line feed in quotes
        }
        if (delimiter == 0) {
            delimiter = delimiter(first == null ? "" : first);
        }
        parser = format(delimiter).parse(text);
        records = parser.iterator();
    }

    /** Where the record begins that the parser reads next. */
    private int nextLine() {
        int line = linesBefore + (int) parser.getCurrentLineNumber() + 1;
        bounds.startRow(line);
        return line;
    }

    private Row broken(int line, String message) {
        isBroken = true;
        return fault(line, message);
    }

    private static Row fault(int line, String message) {
        return new Row(new Place(line, null), null, new Violation(null, "invalid_csv", message));
    }

    private Row row(int line, CSVRecord record) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        List<String> options = header.options();
        for (int i = 0; i < record.size(); i++) {
            String cell = record.get(i);
            if (cell.isBlank()) {
                continue;
            }
            if (i >= options.size()) {
                return fault(
                        line,
                        "the row has %d cells, the header %d: put a cell that holds %s in double quotes"
                                .formatted(record.size(), options.size(), shown(delimiter)));
            }
            if (options.get(i) != null) {
                object.set(options.get(i), OptionText.json(options.get(i), cell));
            }
        }
        return new Row(new Place(line, null), object, null);
    }

    private static String shown(char delimiter) {
        return delimiter == '\t' ? "a tab" : "'%c'".formatted(delimiter);
    }

    /** What a file is whose first line this is, if it is a table. */
    static TableHeader header(String line) {
        return TableHeader.of(cells(line, delimiter(line)));
    }

    /** The one that makes the most columns of a header that names the prompt. */
    private static char delimiter(String header) {
        char best = DELIMITERS.get(0);
        int most = 0;
        for (char one : DELIMITERS) {
            List<String> cells = cells(header, one);
            if (cells.size() > most && TableHeader.of(cells).isTable()) {
                best = one;
                most = cells.size();
            }
        }
        return best;
    }

    private static List<String> cells(String line, char delimiter) {
        try (CSVParser parser = format(delimiter).parse(new StringReader(line))) {
            Iterator<CSVRecord> records = parser.iterator();
            return records.hasNext() ? records.next().toList() : List.of();
        } catch (IOException | UncheckedIOException e) {
            return List.of(); // not by this delimiter
        }
    }

    private static CSVFormat format(char delimiter) {
        return CSVFormat.RFC4180
                .builder()
                .setDelimiter(delimiter)
                .setIgnoreEmptyLines(false) // or the lines are not counted
                .setIgnoreSurroundingSpaces(true)
                .get();
    }
}
