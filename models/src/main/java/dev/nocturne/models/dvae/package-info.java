/**
 * The discrete VAE and its families: pictures to grids of tokens and back. May touch {@code
 * format}, {@code program} and {@code picture}.
 */
package dev.nocturne.models.dvae;
