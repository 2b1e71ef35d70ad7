package dev.nocturne.ingest.job;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import org.h2.store.fs.FileBaseDefault;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;

/**
 * Files for MVStore that an interrupt leaves open. Those of its own are Java's channels: a thread
 * that is interrupted while it reads, as tasks are that end, closes the file for all others.
 */
public final class UninterruptedFilePath extends FilePathWrapper {

    private static final String SCHEME = "uninterrupted";

    static {
        FilePath.register(new UninterruptedFilePath());
    }

    /** MVStore makes others of it. */
    public UninterruptedFilePath() {}

    /** The name under which MVStore opens such a file. */
    static String name(Path file) {
        return SCHEME + ':' + file;
    }

    @Override
    public String getScheme() {
        return SCHEME;
    }

    @Override
    public FileChannel open(String mode) throws IOException {
        return new File(new RandomAccessFile(getBase().toString(), mode));
    }

    /** A random access file knows no interrupts. Its position is used under this lock alone. */
    private static final class File extends FileBaseDefault {

        private final RandomAccessFile file;

        File(RandomAccessFile file) {
            this.file = file;
        }

        @Override
        public long size() throws IOException {
            return file.length();
        }

        @Override
        public synchronized int read(ByteBuffer to, long position) throws IOException {
            byte[] bytes = new byte[to.remaining()];
            file.seek(position);
            int read = file.read(bytes);
            if (read > 0) {
                to.put(bytes, 0, read);
            }
            return read;
        }

        @Override
        public synchronized int write(ByteBuffer from, long position) throws IOException {
            byte[] bytes = new byte[from.remaining()];
            from.get(bytes);
            file.seek(position);
            file.write(bytes);
            return bytes.length;
        }

        @Override
        protected void implTruncate(long size) throws IOException {
            if (size < file.length()) {
                file.setLength(size);
            }
        }

        @Override
        public void force(boolean metaData) throws IOException {
            file.getFD().sync();
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) throws IOException {
            return file.getChannel().tryLock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            file.close();
        }
    }
}
