package dev.nocturne.ingest;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.runtime.ObjectStore;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;

/**
 * The files of a finished job: {@code output.jsonl} and {@code errors.jsonl} of one that was made
 * from a file, and of every job the manifest, whose presence in the bucket says that the job is
 * complete. Made of the job's events alone, so that writing them again writes the same bytes; a
 * result is in memory at a time.
 */
final class JobFiles {

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .addModule(new JavaTimeModule())
                    .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                    .disable(SerializationFeature.FLUSH_AFTER_WRITE_VALUE)
                    .build();

    /**
     * What the files say.
     *
     * @param created null for a job that came through Kafka
     * @param firstOffsets where its results are, see {@link ResultLog}
     */
    record Content(
            String jobId,
            JobCreated created,
            Instant submittedAt,
            JobClosed closing,
            Map<Integer, Long> firstOffsets) {

        static Content of(JobState job) {
            return new Content(
                    job.id(), job.created(), job.submittedAt(), job.closing(), job.firstOffsets());
        }
    }

    private final ObjectStore store;
    private final FileStore files;
    private final ResultLog results;

    JobFiles(ObjectStore store, FileStore files, ResultLog results) {
        this.store = store;
        this.files = files;
        this.results = results;
    }

    static String manifestKey(String jobId) {
        return "jobs/%s/manifest.json".formatted(jobId);
    }

    static String outputFileId(String jobId) {
        return fileId(jobId, "output");
    }

    static String errorFileId(String jobId) {
        return fileId(jobId, "errors");
    }

    /** The ULID of the job, so that files sort by time whatever they are of. */
    private static String fileId(String jobId, String name) {
        return "file-%s-%s".formatted(jobId.replaceFirst("^[a-z]+[-_]", ""), name);
    }

    /** Puts them into the bucket, the manifest last; nothing if it is there already. */
    void write(Content content) throws IOException {
        String manifestKey = manifestKey(content.jobId());
        if (store.exists(manifestKey)) {
            return;
        }
        Path folder = Files.createTempDirectory("nocturne-job-");
        Path output = folder.resolve("output.jsonl");
        Path errors = folder.resolve("errors.jsonl");
        Path manifest = folder.resolve("manifest.json");
        try {
            writeLocally(content, output, errors, manifest);
            if (content.created() != null) {
                if (content.closing().getCompleted() > 0) {
                    put(content, outputFileId(content.jobId()), output);
                }
                if (Files.size(errors) > 0) {
                    put(content, errorFileId(content.jobId()), errors);
                }
            }
            store.put(manifestKey, manifest, "application/json");
        } finally {
            for (Path file : new Path[] {output, errors, manifest, folder}) {
                Files.deleteIfExists(file);
            }
        }
    }

    private void writeLocally(Content content, Path output, Path errors, Path manifest)
            throws IOException {
        JobClosed closing = content.closing();
        int total =
                closing.getCompleted()
                        + closing.getFailed()
                        + closing.getCancelled()
                        + closing.getExpired();
        int[] written = {0};
        try (OutputStream outputLines = stream(output);
                OutputStream errorLines = stream(errors);
                JsonGenerator json = JSON.createGenerator(stream(manifest))) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("id", content.jobId());
            json.writeNumberField("total", total);
            json.writeNumberField("completed", closing.getCompleted());
            json.writeNumberField("failed", closing.getFailed());
            json.writeNumberField("cancelled", closing.getCancelled());
            json.writeNumberField("expired", closing.getExpired());
            json.writePOJOField("submitted_at", content.submittedAt());
            json.writePOJOField("finished_at", closing.getFinishedAt());
            json.writeArrayFieldStart("requests");
            results.read(
                    content.jobId(),
                    content.firstOffsets(),
                    event -> {
                        RequestResult result = RequestResult.of(event);
                        json.writePOJO(result);
                        if (content.created() != null) {
                            writeLine(content, result, outputLines, errorLines);
                        }
                        written[0]++;
                    });
            json.writeEndArray();
            json.writeEndObject();
        }
        if (written[0] != total) {
            throw new IOException(
                    "the log has %d results of job %s, %d were counted"
                            .formatted(written[0], content.jobId(), total));
        }
    }

    private static void writeLine(
            Content content, RequestResult result, OutputStream output, OutputStream errors)
            throws IOException {
        boolean completed = result.status() == RequestResult.Status.COMPLETED;
        OutputStream lines = completed ? output : errors;
        Answers.Line line = Answers.line(result, content.jobId(), content.created().getApiUrl());
        lines.write(JSON.writeValueAsBytes(line));
        lines.write('\n');
    }

    private static OutputStream stream(Path file) throws IOException {
        return new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
    }

    private void put(Content content, String fileId, Path file) throws IOException {
        String name = file.getFileName().toString();
        files.put(
                new StoredFile(
                        fileId,
                        Files.size(file),
                        content.closing().getFinishedAt().getEpochSecond(),
                        "%s-%s".formatted(content.jobId(), name),
                        "batch_output",
                        "jobs/%s/%s".formatted(content.jobId(), name)),
                file);
    }
}
