package dev.nocturne.ingest.file;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.runtime.Health;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Refuses work while a disk is almost full: what has been accepted needs the rest. Thread-safe. */
public final class DiskSpace {

    private static final Logger LOG = LoggerFactory.getLogger(DiskSpace.class);
    private static final long MEBIBYTE = 1 << 20;

    private final List<Path> folders;
    private final long minFreeBytes;
    private final ToLongFunction<Path> freeBytes;
    private boolean wasFull; // guarded by this

    public DiskSpace(List<Path> folders, long minFreeBytes) {
        this(folders, minFreeBytes, folder -> folder.toFile().getUsableSpace());
    }

    /**
     * @param freeBytes on the disk of a folder
     */
    DiskSpace(List<Path> folders, long minFreeBytes, ToLongFunction<Path> freeBytes) {
        this.folders = folders;
        this.minFreeBytes = minFreeBytes;
        this.freeBytes = freeBytes;
    }

    /** The least free bytes of all folders, and the floor; nothing where there is no folder. */
    public void show(MeterRegistry meters) {
        if (folders.isEmpty()) {
            return;
        }
        Gauge.builder("nocturne.disk.free.bytes", this, DiskSpace::leastFreeBytes)
                .description("least free bytes of the disks that are written to")
                .strongReference(true)
                .register(meters);
        Gauge.builder("nocturne.disk.floor.bytes", this, disk -> disk.minFreeBytes)
                .description("free bytes with less than which no work is taken")
                .strongReference(true)
                .register(meters);
    }

    private double leastFreeBytes() {
        return folders.stream().mapToLong(freeBytes).min().orElseThrow();
    }

    /**
     * @throws IngestException FULL
     */
    public void requireRoom() {
        String problem = look();
        if (problem != null) {
            throw IngestException.full(problem);
        }
    }

    /** Null if there is room. Logs when that changes. */
    private synchronized String look() {
        String problem = problem();
        if (problem != null && !wasFull) {
            LOG.error("ING-20 {}", problem);
        } else if (problem == null && wasFull) {
            LOG.info("ING-21 there is room on disk again: work is taken");
        }
        wasFull = problem != null;
        return problem;
    }

    private String problem() {
        for (Path folder : folders) {
            long free = freeBytes.applyAsLong(folder);
            if (free < minFreeBytes) {
                return "the disk of %s has %d MiB free, %d MiB must stay (%s): no work is taken until something is deleted"
                        .formatted(
                                folder,
                                free / MEBIBYTE,
                                minFreeBytes / MEBIBYTE,
                                IngestLimits.MIN_FREE_VARIABLE);
            }
        }
        return null;
    }

    /** Not ready while no work would be taken. */
    public Health health() {
        String problem = look();
        return new Health(
                true, problem == null, problem == null ? "room on disk" : "disk: " + problem);
    }
}
