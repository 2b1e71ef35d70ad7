/** What the brokers say about topics, as far as consumer lag is made of it. */
package dev.nocturne.ingest.lag;
