package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;

/** One caption a line; blank lines are skipped. Lines end with LF, CR LF or CR. */
final class TextRows implements CaptionRows {

    private final BoundedStream bounds;
    private final BufferedReader text;
    private int line;

    TextRows(InputStream in) throws IOException {
        bounds = new BoundedStream(in);
        text = DecodedText.of(bounds);
    }

    @Override
    public Row next() throws IOException {
        while (true) {
            bounds.startRow(line + 1);
            String caption = text.readLine();
            if (caption == null) {
                return null;
            }
            line++;
            if (!caption.isBlank()) {
                return new Row(
                        new Place(line, null),
                        JsonNodeFactory.instance.objectNode().put("prompt", caption),
                        null);
            }
        }
    }
}
