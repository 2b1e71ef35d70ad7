package dev.nocturne.ingest.shell;

import dev.nocturne.runtime.SpoolFolder;
import java.nio.file.Path;

/** The spool folder of this process; Quarkus, too, writes there what is uploaded. */
final class Spool {

    private static final String VARIABLE = "NOCTURNE_SPOOL_DIR";
    private static SpoolFolder folder; // null before it is first asked for; guarded by the class

    private Spool() {}

    static synchronized SpoolFolder folder() {
        if (folder == null) {
            String named = System.getenv(VARIABLE);
            folder =
                    SpoolFolder.open(
                            named != null
                                    ? Path.of(named)
                                    : Path.of(
                                            System.getProperty("java.io.tmpdir"),
                                            "nocturne-" + System.getProperty("user.name")));
        }
        return folder;
    }

    /** Beside the folders of processes: it stays. */
    static Path state() {
        return folder().path().resolveSibling("state");
    }

    static synchronized void close() {
        folder.close();
        folder = null;
    }

    /** Before Quarkus starts. */
    static void takeUploads() {
        System.setProperty(
                "quarkus.http.body.uploads-directory",
                folder().path().resolve("uploads").toString());
    }
}
