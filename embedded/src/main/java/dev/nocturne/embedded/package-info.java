/** A Kafka broker and an S3 endpoint in this process, with their data in a folder. */
package dev.nocturne.embedded;
