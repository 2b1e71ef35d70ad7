/**
 * CLIP: pictures and captions as vectors, and the scores of candidates, for which it looks at what
 * the dVAE renders. May touch {@code format}, {@code program}, {@code picture}, {@code tokenizer}
 * and {@code dvae}.
 */
package dev.nocturne.models.clip;
