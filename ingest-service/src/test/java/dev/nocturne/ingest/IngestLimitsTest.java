package dev.nocturne.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.runtime.FatalException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IngestLimitsTest {

    private static final List<Path> FOLDERS = List.of(Path.of("spool"));

    @Test
    void theLargestJobFitsTheDefaultAndFilesAreKept() {
        IngestLimits limits = IngestLimits.parse(null, null, null, null, null, FOLDERS);

        assertThat(limits.maxWaitingCandidates()).isGreaterThan(JobParser.MAX_CAPTIONS * 512L);
        assertThat(limits.minFreeBytes()).isEqualTo(1L << 30);
        assertThat(limits.fileRetention()).isNull();
        assertThat(limits.jobRetention()).isNull();
        assertThat(limits.logRetention()).isEqualTo(Duration.ofDays(7));
        assertThat(limits.folders()).isEqualTo(FOLDERS);
    }

    @ParameterizedTest
    @CsvSource({"1,0,30d,0,P30D", "7,512M,36h,536870912,PT36H", "99,2G,5m,2147483648,PT5M"})
    void whatAnOperatorWritesIsRead(
            String waiting, String free, String retention, long bytes, Duration kept) {
        Path state = Path.of("state");
        assertThat(
                        IngestLimits.parse(waiting, free, retention, retention, retention, FOLDERS)
                                .withState(state))
                .isEqualTo(
                        new IngestLimits(
                                Long.parseLong(waiting), bytes, kept, kept, kept, FOLDERS, state));
        IngestLimits off = IngestLimits.parse(null, null, "off", "off", "off", FOLDERS);
        assertThat(off.fileRetention()).isNull();
        assertThat(off.logRetention()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "0,1,off,NOCTURNE_MAX_WAITING_CANDIDATES is '0'",
        "many,1,off,NOCTURNE_MAX_WAITING_CANDIDATES is 'many'",
        "1,-1,off,NOCTURNE_MIN_FREE_BYTES is '-1'",
        "1,1 GB,off,NOCTURNE_MIN_FREE_BYTES is '1 GB'",
        "1,1,0d,NOCTURNE_FILE_RETENTION is '0d'",
        "1,1,30,NOCTURNE_FILE_RETENTION is '30'"
    })
    void whatCannotBeReadIsNamed(String waiting, String free, String retention, String message) {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> IngestLimits.parse(waiting, free, retention, null, null, FOLDERS))
                .withMessageContaining(message)
                .withMessageContaining("must be");
    }
}
