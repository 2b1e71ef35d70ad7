package dev.nocturne.ingest.shell;

import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.OpenFiles;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.Locale;

/** The process: what it writes for programs is the same in whatever language the machine speaks. */
@QuarkusMain(name = "ingest-service")
public final class IngestMain {

    private IngestMain() {}

    public static void main(String... args) {
        Locale.setDefault(Locale.ROOT);
        OpenFiles.require(OpenFiles.OF_A_SERVICE);
        try {
            Spool.takeUploads();
        } catch (FatalException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
        Quarkus.run(args);
    }
}
