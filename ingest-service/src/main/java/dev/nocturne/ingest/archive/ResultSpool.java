package dev.nocturne.ingest.archive;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.job.ResultIndex;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.EventCodec;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The results of a job on this machine's disk, to be read again in another order: of each, memory
 * holds where it begins. Written first, then read; the caller deletes the file.
 */
final class ResultSpool implements AutoCloseable {

    private final Map<String, Long> offsets = new HashMap<>(); // by request id, as the next
    private final Map<String, RequestStatus> statuses = new LinkedHashMap<>();
    private final List<Finish> finishes = new ArrayList<>();
    private final DataOutputStream out;
    private final RandomAccessFile in;
    private final Set<String> extensions = new TreeSet<>();
    private int pictures;
    private long end;

    /** Ids as numbers: there may be a hundred thousand. */
    private record Finish(long finishedAtMillis, long request) {}

    ResultSpool(Path file) throws IOException {
        out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 16));
        in = new RandomAccessFile(file.toFile(), "r");
    }

    void add(RequestFinished result) throws IOException {
        byte[] bytes = EventCodec.encode(result);
        out.writeInt(bytes.length);
        out.write(bytes);
        offsets.put(result.getRequest().getRequestId(), end);
        statuses.put(result.getRequest().getRequestId(), result.getStatus());
        finishes.add(
                new Finish(
                        result.getFinishedAt().toEpochMilli(),
                        RequestNumber.of(result.getRequest().getRequestId())));
        end += Integer.BYTES + bytes.length;
        for (StoredImage image : result.getImages()) {
            pictures++;
            extensions.add(ResultFile.Image.of(image).extension());
        }
    }

    /** Of all results. */
    WebDataset.Pictures pictures() {
        return new WebDataset.Pictures(pictures, extensions);
    }

    /** By request id, in the order in which they were added. */
    Map<String, RequestStatus> statuses() {
        return statuses;
    }

    /** Ids of all requests, in the order of {@link ResultIndex#latestFirst}. */
    List<String> latestFirst() {
        return finishes.stream()
                .sorted(ResultIndex.latestFirst(Finish::finishedAtMillis, Finish::request))
                .map(finish -> RequestNumber.id(finish.request))
                .toList();
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
