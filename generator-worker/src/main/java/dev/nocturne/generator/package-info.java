/**
 * Generation tasks to token grids: the transformer draws the candidates of a request, those of
 * several requests in one decode batch.
 */
package dev.nocturne.generator;
