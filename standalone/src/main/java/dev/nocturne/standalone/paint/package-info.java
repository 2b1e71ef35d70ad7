/** Pictures without Kafka. May touch {@code terminal} and {@code option}. */
package dev.nocturne.standalone.paint;
