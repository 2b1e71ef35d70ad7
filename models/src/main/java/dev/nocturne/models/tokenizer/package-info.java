/**
 * Captions to tokens, how captions are cleaned before, and how merges are learned. Touches {@code
 * format} for its exception alone.
 */
package dev.nocturne.models.tokenizer;
