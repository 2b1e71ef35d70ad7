/**
 * The directory of a whole model, which opens and saves its parts. May touch every room but {@code
 * imports}.
 */
package dev.nocturne.models.bundle;
