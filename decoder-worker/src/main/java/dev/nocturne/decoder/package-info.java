/**
 * Token grids to scores, and those that were selected to pictures in the bucket; and previews of
 * what is still drawn.
 */
package dev.nocturne.decoder;
