/**
 * The commands that make, import, measure and describe models. May touch {@code terminal} and
 * {@code option}.
 */
package dev.nocturne.standalone.model;
