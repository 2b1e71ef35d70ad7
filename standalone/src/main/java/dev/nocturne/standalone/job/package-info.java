/**
 * The commands that ask an ingest-service, wherever it runs. May touch {@code terminal}, {@code
 * option} and {@code rest}.
 */
package dev.nocturne.standalone.job;
