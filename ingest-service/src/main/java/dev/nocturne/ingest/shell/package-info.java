/** The process: configuration, start, health, end. */
package dev.nocturne.ingest.shell;
