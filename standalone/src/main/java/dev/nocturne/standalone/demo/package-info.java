/**
 * The pipeline at work on sample captions: the demo and the benchmark. May touch {@code terminal},
 * {@code option}, {@code kafka}, {@code paint}, {@code pipeline} and {@code model}.
 */
package dev.nocturne.standalone.demo;
