/**
 * The training loop that all models share: steps, checkpoints, the signal to stop, initial weights
 * and schedules. Touches no other room.
 */
package dev.nocturne.training.loop;
