/**
 * Figures of single pictures and of pairs, for training and evaluation alike: reconstruction,
 * retrieval, the nearest drawing. Touches no other room.
 */
package dev.nocturne.training.measure;
