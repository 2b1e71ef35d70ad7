package dev.nocturne.ingest;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.schemas.EventCodec;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The results of a job on this machine's disk, to be read again in another order: of each, memory
 * holds where it begins. Written first, then read; the caller deletes the file.
 */
final class ResultSpool implements AutoCloseable {

    private final Map<String, Long> offsets = new LinkedHashMap<>(); // by request id
    private final DataOutputStream out;
    private final RandomAccessFile in;
    private long end;

    ResultSpool(Path file) throws IOException {
        out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 16));
        in = new RandomAccessFile(file.toFile(), "r");
    }

    void add(RequestFinished result) throws IOException {
        byte[] bytes = EventCodec.encode(result);
        out.writeInt(bytes.length);
        out.write(bytes);
        offsets.put(result.getRequest().getRequestId(), end);
        end += Integer.BYTES + bytes.length;
    }

    /** In the order in which they were added. */
    Set<String> requestIds() {
        return offsets.keySet();
    }

    RequestFinished get(String requestId) throws IOException {
        out.flush();
        in.seek(offsets.get(requestId));
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return EventCodec.decode(RequestFinished.class, bytes);
    }

    @Override
    public void close() throws IOException {
        out.close();
        in.close();
    }
}
