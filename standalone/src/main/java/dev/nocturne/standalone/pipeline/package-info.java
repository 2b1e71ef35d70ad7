/**
 * The whole pipeline in this process, and the command that keeps it up. May touch {@code terminal}
 * and {@code option}.
 */
package dev.nocturne.standalone.pipeline;
