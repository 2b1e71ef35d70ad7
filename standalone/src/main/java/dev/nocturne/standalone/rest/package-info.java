/**
 * The client of the REST API, and how jobs are told. May touch {@code terminal} and {@code option}.
 */
package dev.nocturne.standalone.rest;
