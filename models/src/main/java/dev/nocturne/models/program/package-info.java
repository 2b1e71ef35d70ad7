/**
 * TorchScript programs on this machine: how they are compiled, given weights and called, and in
 * which precision. What all programs share stands here; no model. May touch {@code format}.
 */
package dev.nocturne.models.program;
