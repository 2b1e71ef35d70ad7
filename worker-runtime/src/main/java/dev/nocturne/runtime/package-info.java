/**
 * What every service stands on: the loop of a stage with its transactions, dead letters and
 * metrics; readers of topics; the object store and the files in it. Knows no model and no
 * framework.
 */
package dev.nocturne.runtime;
