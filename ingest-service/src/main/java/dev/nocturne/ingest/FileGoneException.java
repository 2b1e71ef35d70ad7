package dev.nocturne.ingest;

/** A job cannot go on: its input file has been deleted, and nothing brings it back. */
final class FileGoneException extends RuntimeException {

    FileGoneException(String fileId) {
        super("file '%s' was deleted: upload it again".formatted(fileId));
    }

    Problem problem() {
        return new Problem(null, "input_file_id", "file_deleted", getMessage());
    }
}
