/**
 * Consumer lag of every stage: what the brokers say, what follows from it, and how it went in the
 * last hour. Touches {@code caption}, {@code webhook} and {@code result}, for the names of the
 * stages that they run.
 */
package dev.nocturne.ingest.lag;
