/**
 * Weights that others have published, brought into a bundle. May touch every room; none knows it.
 */
package dev.nocturne.models.imports;
