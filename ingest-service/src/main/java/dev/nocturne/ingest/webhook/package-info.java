/** Ends of batches, posted to the operator's address. Touches {@code job}. */
package dev.nocturne.ingest.webhook;
