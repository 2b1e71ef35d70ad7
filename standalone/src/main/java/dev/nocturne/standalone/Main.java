package dev.nocturne.standalone;

import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.PrintWriter;
import java.nio.charset.Charset;

/**
 * The command line's process. Only {@code up} and {@code demo} start Quarkus; every other command
 * answers without it.
 */
@QuarkusMain
public final class Main {
    private Main() {}

    public static void main(String... args) {
        PrintWriter out = new PrintWriter(System.out, true, Charset.defaultCharset());
        PrintWriter err = new PrintWriter(System.err, true, Charset.defaultCharset());
        System.exit(NocturneCommand.commandLine(out, err).execute(args));
    }
}
