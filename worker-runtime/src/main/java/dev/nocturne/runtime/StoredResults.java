package dev.nocturne.runtime;

import dev.nocturne.schemas.ReasonCodes;
import java.io.IOException;
import java.util.Optional;

/** What the bucket keeps of single requests that are painted. Thread-safe. */
public final class StoredResults {

    private final ObjectStore store;

    public StoredResults(ObjectStore store) {
        this.store = store;
    }

    /**
     * Empty for a request that has no pictures. Asks by HEAD first: each new caption is looked for,
     * and to MinIO's client an error that comes with XML, as GET's do, is several times the work.
     *
     * @throws PermanentException ({@code storage_error}) if what is there cannot be read
     * @throws StageException the store's
     */
    public Optional<ResultFile> find(String jobId, String requestId) {
        String key = ResultFile.key(jobId, requestId);
        Optional<byte[]> json = store.stat(key).flatMap(there -> store.find(key));
        if (json.isEmpty()) {
            return Optional.empty();
        }
        try {
            ResultFile result = ResultFile.parse(json.get());
            if (result == null || result.model() == null || result.images() == null) {
                throw new IOException("it names no model or no pictures");
            }
            return Optional.of(result);
        } catch (IOException e) {
            throw PermanentException.because(
                    ReasonCodes.STORAGE_ERROR, "%s cannot be read".formatted(key), e);
        }
    }
}
