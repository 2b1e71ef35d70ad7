package dev.nocturne.models.format;

import java.nio.file.Path;

/** The error for a file that cannot be used. */
public final class Refusal {
    private static final int MAX_LENGTH = 300;

    private Refusal() {}

    /** One printable line, whatever names from the file are in it. */
    public static InvalidModelException of(Path file, String wrong, String remedy) {
        String printable = wrong.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", "?");
        if (printable.length() > MAX_LENGTH) {
            printable = printable.substring(0, MAX_LENGTH) + "...";
        }
        return new InvalidModelException("%s: %s; %s".formatted(file, printable, remedy));
    }
}
