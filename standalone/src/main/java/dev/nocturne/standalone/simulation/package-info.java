/**
 * The pipeline as a discrete-event simulation: how long a job takes, with which workers. Pure Java;
 * times are seconds since the start of the job. May touch nothing.
 */
package dev.nocturne.standalone.simulation;
