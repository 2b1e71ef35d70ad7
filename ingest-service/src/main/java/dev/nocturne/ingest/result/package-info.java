/** Results for readers of other encodings. */
package dev.nocturne.ingest.result;
