/**
 * Files of tensors: safetensors, which Nocturne writes and maps, and what torch writes, whose
 * pickles are read as data. Knows shapes and number types, but no model and no libtorch.
 */
package dev.nocturne.models.format;
