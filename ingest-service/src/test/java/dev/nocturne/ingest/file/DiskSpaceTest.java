package dev.nocturne.ingest.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.ingest.IngestException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DiskSpaceTest {

    private static final Path SPOOL = Path.of("/spool");
    private static final Path DATA = Path.of("/data");
    private static final long MEBIBYTE = 1 << 20;

    private final Map<Path, Long> free =
            new HashMap<>(Map.of(SPOOL, 100 * MEBIBYTE, DATA, 100 * MEBIBYTE));
    private final DiskSpace disk = new DiskSpace(List.of(SPOOL, DATA), 100 * MEBIBYTE, free::get);

    @Test
    void workIsRefusedWhileOneDiskIsAlmostFull() {
        assertThatCode(disk::requireRoom).doesNotThrowAnyException();
        assertThat(disk.health().ready()).isTrue();

        free.put(DATA, 100 * MEBIBYTE - 1);
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(disk::requireRoom)
                .matches(e -> e.kind() == IngestException.Kind.FULL)
                .withMessageContaining("/data has 99 MiB free, 100 MiB must stay");
        assertThat(disk.health().live()).isTrue();
        assertThat(disk.health().ready()).isFalse();
        assertThat(disk.health().message()).contains("/data", "no work is taken");

        free.put(DATA, 200 * MEBIBYTE);
        assertThatCode(disk::requireRoom).doesNotThrowAnyException();
        assertThat(disk.health().ready()).isTrue();
    }

    @Test
    void theFullestDiskIsShown() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        disk.show(meters);

        free.put(DATA, 70 * MEBIBYTE);
        assertThat(meters.get("nocturne.disk.free.bytes").gauge().value()).isEqualTo(70 * MEBIBYTE);
        assertThat(meters.get("nocturne.disk.floor.bytes").gauge().value())
                .isEqualTo(100 * MEBIBYTE);
    }
}
