package dev.nocturne.runtime;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;

/**
 * A folder for files that are worth nothing after this process: nobody else may read it, it goes
 * with the process, and what a killed one has left goes when the next one starts. Several processes
 * may share the folder above it: each holds a lock in its own.
 */
public final class SpoolFolder implements AutoCloseable {

    private static final String LOCK = "lock";

    /**
     * Of this process; guarded by the class. Their lock files are not to be opened a second time:
     * where locks belong to processes, closing any channel of a file gives up the lock.
     */
    private static final Set<Path> OPEN = new HashSet<>();

    private final Path folder;
    private final FileChannel lockFile; // the lock goes when it is closed, or the process ends

    private SpoolFolder(Path folder, FileChannel lockFile) {
        this.folder = folder;
        this.lockFile = lockFile;
    }

    /**
     * @param base created if it is missing
     * @throws FatalException if it cannot be used, or is another user's
     */
    public static synchronized SpoolFolder open(Path base) {
        try {
            Files.createDirectories(base.toAbsolutePath().getParent());
            try {
                Files.createDirectory(base);
            } catch (FileAlreadyExistsException e) {
                if (!Files.isDirectory(base, LinkOption.NOFOLLOW_LINKS)) {
                    throw new IOException("it is no folder", e);
                }
            }
            try (FileChannel gate = lockFile(base.resolve(LOCK));
                    FileLock oneAtATime = gate.lock()) {
                requireOwn(base);
                sweep(base);
                Path folder = Files.createTempDirectory(base, "process-");
                FileChannel lockFile = lockFile(folder.resolve(LOCK));
                lockFile.lock();
                OPEN.add(folder.toRealPath());
                return new SpoolFolder(folder, lockFile);
            }
        } catch (IOException e) {
            throw new FatalException(
                    "spool folder %s cannot be used (%s): make it writable for this user alone, or name another with NOCTURNE_SPOOL_DIR"
                            .formatted(base, e),
                    e);
        }
    }

    private static FileChannel lockFile(Path file) throws IOException {
        return FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
    }

    /** In a folder that everybody may write to, somebody else may have made it before. */
    private static void requireOwn(Path base) throws IOException {
        if (Files.getFileStore(base).supportsFileAttributeView("posix")) {
            Path mine = Files.createTempFile(base, "", "");
            try {
                if (!Files.getOwner(mine).equals(Files.getOwner(base))) {
                    throw new IOException("it belongs to " + Files.getOwner(base));
                }
            } finally {
                Files.delete(mine);
            }
            Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("rwx------"));
        }
    }

    /** Deletes what processes have left that are no more. */
    private static void sweep(Path base) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(base, "process-*")) {
            for (Path left : folders) {
                if (!OPEN.contains(left.toRealPath()) && !isInUse(left)) {
                    delete(left);
                }
            }
        }
    }

    private static boolean isInUse(Path folder) throws IOException {
        try (FileChannel lockFile = lockFile(folder.resolve(LOCK));
                FileLock lock = lockFile.tryLock()) {
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true; // of this process, by another class loader
        }
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path folder, IOException e)
                            throws IOException {
                        Files.delete(folder);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /** This process's own. */
    public Path path() {
        return folder;
    }

    /** Empty; the caller deletes it when it is done. */
    public Path newFile(String suffix) throws IOException {
        return Files.createTempFile(folder, "", suffix);
    }

    /** As {@link #newFile}. */
    public Path newFolder() throws IOException {
        return Files.createTempDirectory(folder, "");
    }

    /** Not while another process looks for what is left. */
    @Override
    public void close() {
        synchronized (SpoolFolder.class) {
            try (lockFile;
                    FileChannel gate = lockFile(folder.resolveSibling(LOCK));
                    FileLock oneAtATime = gate.lock()) {
                OPEN.remove(folder.toRealPath());
                delete(folder);
            } catch (IOException e) {
                // still in use, or gone: the next start deletes what is left
            }
        }
    }
}
