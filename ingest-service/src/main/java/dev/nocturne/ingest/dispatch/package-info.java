/**
 * The threads that take jobs from step to step: they start and end them, release their captions
 * just in time, send again what was lost, sum up what is over, delete what nobody needs, and look
 * after topics and the bucket. Touches {@code caption}, {@code file}, {@code job}, {@code result},
 * {@code lag} and {@code archive}.
 */
package dev.nocturne.ingest.dispatch;
