package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.schemas.ReasonCodes;
import org.junit.jupiter.api.Test;

class StageExceptionTest {

    @Test
    void libraryErrorBecomesOneLine() {
        RuntimeException torch =
                new RuntimeException("Traceback (most recent call last):\n  draw\nOut of memory\n");
        assertThat(PermanentException.because(ReasonCodes.MODEL_ERROR, "cannot draw", torch))
                .hasMessage("cannot draw: Out of memory")
                .hasCause(torch);
    }

    @Test
    void errorWithoutAMessageIsNamed() {
        assertThat(StageException.oneLine(new IllegalStateException()))
                .isEqualTo("java.lang.IllegalStateException");
    }
}
