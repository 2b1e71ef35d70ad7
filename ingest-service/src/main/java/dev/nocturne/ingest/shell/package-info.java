/**
 * The process: configuration, construction, start, health, end. Touches every room but {@code
 * rest}, which the framework finds.
 */
package dev.nocturne.ingest.shell;
