/** What requests of the API share, whatever brings them. */
package dev.nocturne.ingest.api;
