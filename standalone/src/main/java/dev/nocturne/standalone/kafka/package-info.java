/**
 * Captions published to any Kafka, and a job's progress read from its topics. May touch {@code
 * terminal}, {@code option} and {@code rest}.
 */
package dev.nocturne.standalone.kafka;
