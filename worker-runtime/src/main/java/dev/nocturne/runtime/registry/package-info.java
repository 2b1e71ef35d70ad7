/** Records in the framing of a schema registry; its clients are loaded only where one is named. */
package dev.nocturne.runtime.registry;
