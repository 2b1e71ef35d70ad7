/** What lists tell of jobs: by what people know one, which are wanted, and what is left of all. */
package dev.nocturne.ingest.job;
