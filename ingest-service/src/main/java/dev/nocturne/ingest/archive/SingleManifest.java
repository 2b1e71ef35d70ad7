package dev.nocturne.ingest.archive;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * The manifest of a single caption. It is not in the bucket, which has nothing of the caption but
 * {@code result.json} and its pictures: it is made of these whenever somebody asks.
 */
public final class SingleManifest {

    private SingleManifest() {}

    /**
     * @param result the caption's
     * @throws dev.nocturne.runtime.StageException the store's
     */
    public static byte[] of(JobFiles.Content content, RequestFinished result, ObjectStore store) {
        RequestResult told = RequestResult.of(result);
        byte[] stored =
                told.status() == RequestResult.Status.COMPLETED
                        ? store.find(ResultFile.key(content.jobId(), told.requestId())).orElse(null)
                        : null;
        List<JobFile> entries = LocalFiles.entries(content.jobId(), told, stored);
        ByteArrayOutputStream manifest = new ByteArrayOutputStream();
        try {
            ManifestWriter.write(
                    content,
                    files -> {
                        for (JobFile entry : entries) {
                            files.read(entry);
                        }
                    },
                    manifest);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return manifest.toByteArray();
    }
}
