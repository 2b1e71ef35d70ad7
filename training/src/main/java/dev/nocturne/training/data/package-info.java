/**
 * What the models learn from: drawings, sprites, scenes and their captions, split into what is
 * trained on and what is held out. Knows no training.
 */
package dev.nocturne.training.data;
