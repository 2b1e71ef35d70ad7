package dev.nocturne.embedded;

import java.nio.file.Path;
import java.util.function.BiFunction;
import java.util.function.Function;

/** The {@code main} of an embedded server: prints its address when ready, ends on SIGTERM. */
final class ServerProcess {
    private ServerProcess() {}

    static <S extends AutoCloseable> void run(
            Class<S> type,
            String[] args,
            BiFunction<Path, Integer, S> start,
            Function<S, String> address) {
        if (args.length != 2 || !args[1].matches("\\d{1,5}")) {
            System.err.println("usage: " + type.getSimpleName() + " DATA_DIR PORT");
            System.exit(2);
        }
        try {
            S server = start.apply(Path.of(args[0]), Integer.valueOf(args[1]));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> closeQuietly(server)));
            System.out.println(type.getSimpleName() + " ready at " + address.apply(server));
        } catch (EmbeddedServerException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void closeQuietly(AutoCloseable server) {
        try {
            server.close();
        } catch (Exception e) {
            System.err.println(e.getMessage());
        }
    }
}
