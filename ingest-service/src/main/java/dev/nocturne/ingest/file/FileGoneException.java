package dev.nocturne.ingest.file;

import dev.nocturne.ingest.Problem;

/** A job cannot go on: its input file has been deleted, and nothing brings it back. */
public final class FileGoneException extends RuntimeException {

    FileGoneException(String fileId) {
        super("file '%s' was deleted: upload it again".formatted(fileId));
    }

    public Problem problem() {
        return new Problem(null, "input_file_id", "file_deleted", getMessage());
    }
}
