/**
 * What a process says of its work to others than Kafka: traces for a collector, and the form of its
 * log. Both are off, or plain text, until somebody asks.
 */
package dev.nocturne.runtime.telemetry;
