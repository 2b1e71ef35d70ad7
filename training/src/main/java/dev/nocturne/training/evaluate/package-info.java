/**
 * How good a finished model is: the report and its page, and the judge, which shares nothing with
 * CLIP. May touch {@code data}, {@code dataset} and {@code measure}.
 */
package dev.nocturne.training.evaluate;
