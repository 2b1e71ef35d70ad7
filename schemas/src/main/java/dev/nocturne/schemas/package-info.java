/**
 * What services tell each other: the topics, the encoding of their records and every version of
 * them, the rules that they obey, ids and limits. Knows no service and no client of Kafka's.
 */
package dev.nocturne.schemas;
