/** Options that several commands share. Touches no other room. */
package dev.nocturne.standalone.option;
