package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.Violation;
import java.io.IOException;
import java.io.InputStream;

/** A file of JSON lines: UTF-8, an object a line; blank lines are skipped. */
final class JsonLineRows implements CaptionRows {

    private final JsonLines lines;

    JsonLineRows(InputStream in) {
        lines = new JsonLines(in);
    }

    @Override
    public Row next() throws IOException {
        for (byte[] line = lines.next(); line != null; line = lines.next()) {
            Place place = new Place(lines.number(), null);
            try {
                ObjectNode object = JobParser.object(line);
                if (object != null) {
                    return new Row(place, object, null);
                }
            } catch (PermanentException e) {
                return new Row(place, null, new Violation(null, e.reasonCode(), e.getMessage()));
            }
        }
        return null;
    }
}
