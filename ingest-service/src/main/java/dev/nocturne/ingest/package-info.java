/**
 * The service that takes jobs in, keeps account of them and serves the API. Here is what all its
 * rooms share: refusals, work that goes on in the background, limits, how callers' text is read and
 * shown. It touches no room.
 *
 * <p>The rooms lie one upon the other, and each touches those below it that its own description
 * names, and this package; {@code RoomsTest} holds them to it.
 */
package dev.nocturne.ingest;
