/**
 * What callers of the API ask for, and whatever brings their requests; an answer or an {@link
 * dev.nocturne.ingest.IngestException}. Touches every room below but {@code dispatch} and {@code
 * webhook}.
 */
package dev.nocturne.ingest.api;
