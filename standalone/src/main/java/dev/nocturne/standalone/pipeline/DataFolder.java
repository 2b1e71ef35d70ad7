package dev.nocturne.standalone.pipeline;

import dev.nocturne.embedded.Preflight;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** The folder that the standalone pipeline keeps everything in; one process at a time owns it. */
public final class DataFolder implements AutoCloseable {
    private static final String LOCK = "lock";
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rwx------");

    private final Path root;
    private final FileChannel lockFile; // the lock goes when it is closed, or its process ends

    private DataFolder(Path root, FileChannel lockFile) {
        this.root = root;
        this.lockFile = lockFile;
    }

    /**
     * Creates the folder if it is missing, locks it, and keeps other users of this machine out of
     * it; a folder that was there before and is none of ours stays as open as it is.
     *
     * @throws CommandFailure if another process has it
     */
    static DataFolder open(Path folder) throws IOException {
        boolean isOurs = Files.notExists(folder) || Files.exists(folder.resolve(LOCK));
        Path root = Preflight.writableFolder(folder);
        if (isOurs) {
            closeToOthers(root);
        }
        FileChannel file =
                FileChannel.open(
                        root.resolve(LOCK),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        FileLock lock;
        try {
            lock = file.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null; // this very process has it
        }
        if (lock == null) {
            String owner = content(file);
            file.close();
            throw new CommandFailure(
                    "Data folder %s is in use by process %s: stop that one, or name another folder with --data"
                            .formatted(root, owner));
        }
        file.truncate(0);
        file.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes()));
        return new DataFolder(root, file);
    }

    private static void closeToOthers(Path root) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(root);
        if (permissions.equals(OWNER_ONLY)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) { // meant for all
            return;
        }
        Files.setPosixFilePermissions(root, OWNER_ONLY);
    }

    private static String content(FileChannel file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(20);
        file.read(bytes, 0);
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
    }

    Path root() {
        return root;
    }

    Path kafkaLog() {
        return root.resolve("kafka");
    }

    /** A folder per bucket, a file per object. */
    public Path objects() {
        return root.resolve("objects");
    }

    Path rerankState() {
        return root.resolve("rerank-state");
    }

    Path ingestState() {
        return root.resolve("ingest-state");
    }

    Path spool() {
        return root.resolve("spool");
    }

    public Path contactSheets() {
        return root.resolve("contact-sheets");
    }

    Path logFile() {
        return root.resolve("nocturne.log");
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
