/** The REST API: addresses, forms, answers, keys, and what a browser may do. */
package dev.nocturne.ingest.rest;
