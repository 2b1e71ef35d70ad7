package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;

/** Reads what a job's {@code manifest.json} lists, which may be half a million files. */
public final class JobManifest {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private JobManifest() {}

    /** Takes the files one by one. */
    public interface Reader {
        void read(JobFile file) throws IOException;
    }

    /**
     * In the order of the manifest; one file is in memory.
     *
     * @param manifest not closed here
     */
    public static void read(InputStream manifest, Reader reader) throws IOException {
        try (JsonParser json =
                JSON.createParser(manifest).disable(JsonParser.Feature.AUTO_CLOSE_SOURCE)) {
            while (json.nextToken() != null) {
                if (json.currentToken() == JsonToken.START_ARRAY
                        && "files".equals(json.currentName())) {
                    while (json.nextToken() == JsonToken.START_OBJECT) {
                        reader.read(json.readValueAs(JobFile.class));
                    }
                }
            }
        }
    }
}
