/**
 * Captions as people have them, read a row at a time and checked: text, CSV, JSON, JSON lines,
 * bodies of requests and records of a topic. Every row becomes the JSON object that a line of JSON
 * would have, so that all else knows one form. Touches no other room.
 */
package dev.nocturne.ingest.caption;
