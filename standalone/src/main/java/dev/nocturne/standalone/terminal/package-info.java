/**
 * What people see of a command: live lines, pictures and colours, and failures in a line each.
 * Touches no other room.
 */
package dev.nocturne.standalone.terminal;
