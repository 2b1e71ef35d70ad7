/** Pictures that are shown while they are drawn; nothing depends on them. */
package dev.nocturne.ingest.preview;
