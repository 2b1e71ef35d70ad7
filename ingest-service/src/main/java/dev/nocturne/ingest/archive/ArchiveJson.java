package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.nocturne.runtime.LineJson;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** How the files of jobs are written: an object a line, times as text. */
final class ArchiveJson {

    static final JsonMapper MAPPER =
            JsonMapper.builder(LineJson.factory())
                    .addModule(new JavaTimeModule())
                    .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                    .disable(SerializationFeature.FLUSH_AFTER_WRITE_VALUE)
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .build();

    private ArchiveJson() {}

    static void writeLine(OutputStream lines, Object value) throws IOException {
        lines.write(MAPPER.writeValueAsBytes(value));
        lines.write('\n');
    }

    /** To a file, which is made. */
    static OutputStream stream(Path file) throws IOException {
        return new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
    }
}
