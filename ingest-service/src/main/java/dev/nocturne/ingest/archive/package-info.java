/**
 * The files that a finished job leaves in the bucket: answers, candidates, pages, shards, and the
 * manifest that names them all. A new one is opened in {@link
 * dev.nocturne.ingest.archive.LocalFiles} and put by {@link dev.nocturne.ingest.archive.JobFiles},
 * and the page's {@code job-files.js} says what it is. The files of a single request are the
 * decoder-worker's. Touches {@code caption}, {@code file}, {@code job} and {@code result}.
 */
package dev.nocturne.ingest.archive;
