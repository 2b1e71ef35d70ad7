/**
 * The transformer: its families and their sizes, what its layers attend to, what it costs, and
 * drawing: seeds, sampling and the batch. May touch {@code format}, {@code program} and {@code
 * picture}.
 */
package dev.nocturne.models.transformer;
