/** Archives of a job's pictures. */
package dev.nocturne.ingest.archive;
