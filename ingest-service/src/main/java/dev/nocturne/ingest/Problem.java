package dev.nocturne.ingest;

/**
 * What is wrong with a request to this service, as the API answers it.
 *
 * @param line 1-based line of the submitted JSONL; null where no line is at fault
 * @param param the field at fault; null where no field is
 * @param code a stable word for programs
 * @param message one line that names the value and the remedy
 */
public record Problem(Integer line, String param, String code, String message) {}
