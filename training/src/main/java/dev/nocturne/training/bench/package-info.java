/**
 * How fast models of given sizes are here, with random weights. May touch {@code data}, {@code
 * loop} and {@code recipe}.
 */
package dev.nocturne.training.bench;
