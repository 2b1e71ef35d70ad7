/**
 * The files that a finished job leaves in the bucket: answers, candidates, pages, shards, and the
 * manifest that names them all. Touches {@code caption}, {@code file}, {@code job} and {@code
 * result}.
 */
package dev.nocturne.ingest.archive;
