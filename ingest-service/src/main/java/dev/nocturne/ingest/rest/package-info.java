/**
 * The REST API: addresses, forms, answers, keys, and what a browser may do. Talks to {@code api},
 * and shows what that answers with: views of jobs, files, requests, captions, lag and webhooks.
 */
package dev.nocturne.ingest.rest;
