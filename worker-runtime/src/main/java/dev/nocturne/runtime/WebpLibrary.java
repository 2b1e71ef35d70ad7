package dev.nocturne.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the binding of libwebp unpacks it; encoders read WebP with it, and decoders write it. */
public final class WebpLibrary {

    /** The binding searches that folder whole for what it left before. */
    private static final String FOLDER = "com.luciad.imageio.webp.tmpdir";

    private WebpLibrary() {}

    /** Gives libwebp a folder of its own; to be called before the binding is first used. */
    public static synchronized void ensureFolder() throws IOException {
        if (System.getProperty(FOLDER) == null) {
            Path folder = Files.createTempDirectory("nocturne-webp-");
            folder.toFile().deleteOnExit(); // after the files in it, which are registered later
            System.setProperty(FOLDER, folder.toString());
        }
    }

    /** Part of a message: what this machine lacks. */
    public static String missing() {
        return "libwebp for %s on %s from its temporary folder %s"
                .formatted(
                        System.getProperty("os.name"),
                        System.getProperty("os.arch"),
                        System.getProperty("java.io.tmpdir"));
    }
}
