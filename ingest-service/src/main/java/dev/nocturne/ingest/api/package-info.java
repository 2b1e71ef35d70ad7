/**
 * What callers of the API can ask for, whatever brings their requests: a class for each concern,
 * and one gate before them while the jobs are not known. Each answers, or throws an {@link
 * dev.nocturne.ingest.IngestException}. Touches every room below.
 */
package dev.nocturne.ingest.api;
