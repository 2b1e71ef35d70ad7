package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.schemas.Violation;
import java.io.IOException;
import java.util.List;

/** The rows of a file of captions, one in memory at a time; the caller closes the file. */
public interface CaptionRows {

    /**
     * Where a row stands.
     *
     * @param line as an editor shows it, 1-based; the first one of several
     * @param item 1-based, where rows share lines, as in an array; else null
     */
    record Place(int line, Integer item) {

        /** Before what is wrong with the row; the line is told beside it. */
        public String prefix() {
            return item == null ? "" : "item %d: ".formatted(item);
        }

        @Override
        public String toString() {
            return item == null ? "on line " + line : "item " + item;
        }
    }

    /**
     * @param object as a line of JSON would have it; null where it cannot be read
     * @param fault why it cannot; null where it can
     */
    record Row(Place place, ObjectNode object, Violation fault) {}

    /**
     * @return null after the last row, and after a fault that leaves nothing to go on with
     * @throws dev.nocturne.ingest.IngestException TOO_LARGE
     * @throws IOException if the file cannot be read
     */
    Row next() throws IOException;

    /** Columns that are no options, so that nothing is made of them; known from the first row. */
    default List<String> unusedColumns() {
        return List.of();
    }
}
