/**
 * How each part of a model is trained. May touch {@code data}, {@code dataset}, {@code measure} and
 * {@code loop}.
 */
package dev.nocturne.training.recipe;
