/**
 * The network that enlarges what the dVAE renders. May touch {@code format}, {@code program} and
 * {@code picture}.
 */
package dev.nocturne.models.upscaler;
