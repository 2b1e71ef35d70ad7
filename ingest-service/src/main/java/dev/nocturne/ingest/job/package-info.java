/**
 * What becomes of jobs: the log of their events, the state that the events add up to, the table of
 * those that go on and the index of those that are over, when one may run and will be finished, and
 * how a job is shown. Touches {@code caption} and {@code file}.
 */
package dev.nocturne.ingest.job;
