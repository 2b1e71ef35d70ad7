package dev.nocturne.schemas;

/**
 * One rule that a caption breaks.
 *
 * @param param the parameter at fault, by its name in the REST API
 * @param code a reason code, one of those in {@link ReasonCodes}
 * @param message one line that names the value and the remedy
 */
public record Violation(String param, String code, String message) {}
