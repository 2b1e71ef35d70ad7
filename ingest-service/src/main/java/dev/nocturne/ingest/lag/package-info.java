/**
 * Consumer lag of every stage: what the brokers say, what follows from it, and how it went in the
 * last hour. Every judgement is a numbered rule of {@link dev.nocturne.ingest.lag.LagRules}; a new
 * verdict also stands in {@code openapi.json} and in the page's {@code stages.js}. Touches {@code
 * caption}, {@code webhook} and {@code result}, for the names of the stages that they run.
 */
package dev.nocturne.ingest.lag;
