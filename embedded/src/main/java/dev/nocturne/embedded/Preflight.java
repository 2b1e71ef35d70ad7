package dev.nocturne.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What must hold before a server starts, so that it fails with a sentence and not halfway. */
public final class Preflight {
    private static final long MEBIBYTE = 1 << 20;
    private static final long MIN_FREE_BYTES = 64 * MEBIBYTE;

    private Preflight() {}

    /** Creates the folder if it is missing and makes sure that it can be written and has room. */
    public static Path writableFolder(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        try {
            Files.createDirectories(absolute);
            Files.delete(Files.createTempFile(absolute, ".write-check", null));
            long freeBytes = Files.getFileStore(absolute).getUsableSpace();
            if (freeBytes < MIN_FREE_BYTES) {
                throw new EmbeddedServerException(
                        "The disk of data folder "
                                + absolute
                                + " has only "
                                + freeBytes / MEBIBYTE
                                + " MiB free: free at least "
                                + MIN_FREE_BYTES / MEBIBYTE
                                + " MiB or choose another folder");
            }
        } catch (FileAlreadyExistsException e) {
            throw new EmbeddedServerException(
                    "Data folder " + absolute + " is a file: choose another folder", e);
        } catch (IOException e) {
            throw new EmbeddedServerException(
                    "Data folder "
                            + absolute
                            + " cannot be written ("
                            + e.getClass().getSimpleName()
                            + "): make it writable or choose another folder",
                    e);
        }
        return absolute;
    }

    /**
     * Resolves a wish for a loopback port.
     *
     * @param port the port wanted, 0 for any free one
     */
    public static int freePort(int port) {
        if (port < 0 || port > 65535) {
            throw new EmbeddedServerException(
                    "Port " + port + " is not a port: choose 1 to 65535, or 0 for any free one");
        }
        try (ServerSocket socket = new ServerSocket()) {
            // a port whose last connections still linger (TIME_WAIT) is free for a restart
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new EmbeddedServerException(
                    "Port "
                            + port
                            + " is already in use: stop the program that listens on it or choose"
                            + " another port (0 for any free one)",
                    e);
        }
    }
}
