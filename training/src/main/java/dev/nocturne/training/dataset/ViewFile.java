package dev.nocturne.training.dataset;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/**
 * What was computed of each view of each picture, as records of one length on disk. Thread-safe.
 */
final class ViewFile implements Closeable {
    /** The most pictures that are computed together. */
    private static final int TOGETHER = 64;

    /** Memory for those, about. */
    private static final int TOGETHER_BYTES = 64 << 20;

    private static final Duration TOLD_EVERY = Duration.ofSeconds(20);

    private final FileChannel channel;
    private final int recordBytes;

    /** Computes the records of some pictures that follow each other. */
    interface Computation {
        byte[] of(long firstPicture, int pictures) throws IOException;
    }

    private ViewFile(FileChannel channel, int recordBytes) {
        this.channel = channel;
        this.recordBytes = recordBytes;
    }

    /**
     * The file, of which what is missing is computed; a process that was ended goes on where it
     * was.
     *
     * @param pictureBytes of all views of a picture
     * @param workBytes memory that computing those of a picture takes
     * @param what in words, for the log
     */
    static ViewFile complete(
            Path file,
            int recordBytes,
            int pictureBytes,
            int workBytes,
            long pictures,
            Computation computation,
            String what,
            PrintStream log)
            throws IOException {
        // another part of the model may want the same: it waits
        try (ProcessLock alone = ProcessLock.of(file.getParent())) {
            if (!Files.exists(file)) {
                Path part = file.resolveSibling(file.getFileName() + ".part");
                try (FileChannel out =
                        FileChannel.open(
                                part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                    long done = Math.min(pictures, out.size() / pictureBytes);
                    out.truncate(done * pictureBytes);
                    out.position(done * pictureBytes);
                    int together = Math.max(1, Math.min(TOGETHER, TOGETHER_BYTES / workBytes));
                    append(out, done, pictures, together, computation, what, log);
                    out.force(true);
                }
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        return new ViewFile(FileChannel.open(file), recordBytes);
    }

    private static void append(
            FileChannel out,
            long first,
            long pictures,
            int together,
            Computation computation,
            String what,
            PrintStream log)
            throws IOException {
        long began = System.nanoTime();
        long told = began;
        for (long done = first; done < pictures; done += together) {
            int count = (int) Math.min(together, pictures - done);
            ByteBuffer records = ByteBuffer.wrap(computation.of(done, count));
            while (records.hasRemaining()) {
                out.write(records);
            }
            long now = System.nanoTime();
            if (now - told > TOLD_EVERY.toNanos()) {
                told = now;
                long made = done + count;
                log.printf(
                        "%s of %,d of %,d pictures, %.0f a second%n",
                        what, made, pictures, (made - first) / ((now - began) / 1e9));
            }
        }
    }

    byte[] read(long record) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(recordBytes);
        Storage.readFully(channel, bytes, record * recordBytes);
        return bytes.array();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
