/**
 * Pictures as the models see them: grids of tokens, whole or in part, and planes of red, green and
 * blue. Touches no other room and no libtorch.
 */
package dev.nocturne.models.picture;
