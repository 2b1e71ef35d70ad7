package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.nocturne.events.JobClosed;
import java.io.IOException;
import java.io.OutputStream;

/** Writes a job's {@code manifest.json}, which {@link JobManifest} reads. */
final class ManifestWriter {

    /** Hands over what the manifest lists, in its order. */
    interface Files {
        void writeTo(JobManifest.Reader manifest) throws IOException;
    }

    private ManifestWriter() {}

    /** Closes the stream. */
    static void write(JobFiles.Content content, Files files, OutputStream manifest)
            throws IOException {
        JobClosed closing = content.closing();
        try (JsonGenerator json = ArchiveJson.MAPPER.createGenerator(manifest)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("id", content.jobId());
            json.writeNumberField("total", content.finished());
            json.writeNumberField("completed", closing.getCompleted());
            json.writeNumberField("failed", closing.getFailed());
            json.writeNumberField("cancelled", closing.getCancelled());
            json.writeNumberField("expired", closing.getExpired());
            json.writePOJOField("submitted_at", content.submittedAt());
            json.writePOJOField("finished_at", closing.getFinishedAt());
            json.writeArrayFieldStart("files");
            files.writeTo(json::writePOJO);
            json.writeEndArray();
            json.writeEndObject();
        }
    }
}
