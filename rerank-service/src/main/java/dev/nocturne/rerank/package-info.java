/**
 * Scored grids to a selection: collects the candidates of a request, in the state of a Kafka
 * Streams application, until all are there, and orders them by their scores.
 */
package dev.nocturne.rerank;
