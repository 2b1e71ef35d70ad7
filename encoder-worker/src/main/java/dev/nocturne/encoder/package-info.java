/**
 * Captions to generation tasks: they are checked, their text and picture become tokens and
 * embeddings. A caption that brings its candidates goes on to be scored.
 */
package dev.nocturne.encoder;
