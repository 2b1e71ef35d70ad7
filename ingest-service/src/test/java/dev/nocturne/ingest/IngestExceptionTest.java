package dev.nocturne.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class IngestExceptionTest {

    @Test
    void aFullDiskIsToldFromOtherFaults() {
        IOException full = new IOException("No space left on device");

        assertThat(kind(new IOException(new RuntimeException(full))))
                .isEqualTo(IngestException.Kind.FULL);
        assertThat(kind(new IOException("/tmp/x: Disk quota exceeded")))
                .isEqualTo(IngestException.Kind.FULL);
        assertThat(kind(new IOException("Connection reset")))
                .isEqualTo(IngestException.Kind.FAILED);
        assertThat(kind(new IOException((String) null))).isEqualTo(IngestException.Kind.FAILED);
    }

    private static IngestException.Kind kind(IOException e) {
        return IngestException.of(e).kind();
    }
}
