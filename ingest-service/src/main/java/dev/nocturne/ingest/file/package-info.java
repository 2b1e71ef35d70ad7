/**
 * Files of the API and objects of the bucket, and whether there is room on disk for more. Touches
 * no other room.
 */
package dev.nocturne.ingest.file;
