/**
 * Files of captions as people have them, read a row at a time: text, CSV, JSON and JSON lines.
 * Every row becomes the JSON object that a line of JSON would have, so that all else knows one
 * form.
 */
package dev.nocturne.ingest.caption;
