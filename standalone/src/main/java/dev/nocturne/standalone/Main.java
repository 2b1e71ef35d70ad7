package dev.nocturne.standalone;

import dev.nocturne.runtime.OpenFiles;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Locale;

/**
 * The command line's process. Only {@code up} and {@code demo} start Quarkus; every other command
 * answers without it.
 */
@QuarkusMain(name = "nocturne")
public final class Main {
    private Main() {}

    public static void main(String... args) {
        Locale.setDefault(Locale.ROOT); // Kafka, too, names its files in the digits of the locale
        OpenFiles.require(OpenFiles.OF_A_SERVICE);
        PrintWriter out = new PrintWriter(System.out, true, Charset.defaultCharset());
        PrintWriter err = new PrintWriter(System.err, true, Charset.defaultCharset());
        System.exit(NocturneCommand.commandLine(out, err).execute(args));
    }
}
