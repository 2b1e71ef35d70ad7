package dev.nocturne.ingest.archive;

/**
 * A file that a finished job has left, as its manifest says.
 *
 * @param name relative to the job's folder
 */
public record JobFile(String name, long bytes, String sha256) {}
