/**
 * What became of single requests, read again when somebody asks: results from the log and the
 * bucket, dead letters, pictures that are still being drawn, and results in the framing of a schema
 * registry. Touches {@code job}.
 */
package dev.nocturne.ingest.result;
