/**
 * Captions to tokens, and how merges are learned. Touches {@code format} for its exception alone.
 */
package dev.nocturne.models.tokenizer;
